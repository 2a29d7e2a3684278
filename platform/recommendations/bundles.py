"""Products that are bought together so often that a bundle of them suggests itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from accounts.jobs import Progress, as_of
from accounts.models import Job
from catalog.models import Product
from recommendations.frames import purchases
from recommender.columns import TIME
from recommender.errors import DataError
from recommender.ranking.together import Together

#: The kind of job that finds them; its result is what suggestions are read from.
KIND = "bundles"
#: What was found counts as fresh for so long.
FRESH = timedelta(days=1)
#: Purchases of so long are looked at, and so many sets of each size are kept.
WINDOW, KEPT = timedelta(days=365), 40
SIZES = (2, 3)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Products as a set. `baskets` held it whole; each two of it go together at least `lift` times as often
    as chance would have it (the lower 95 % bound of the weakest pair)."""

    products: tuple[Product, ...]
    baskets: int
    lift: float


def find(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Find pairs and triples in the last year's baskets (`as_of`). Complete Journey takes about 40 s."""
    moment = as_of(parameters)
    progress(0, 3)
    bought = purchases(moment).filter(pl.col(TIME) >= (moment - WINDOW).timestamp())
    found: list[dict[str, Any]] = []
    if bought.height:
        progress(1, 3)
        try:
            together = Together().fit(bought)
        except DataError:
            return {"as_of": moment.isoformat(), "bundles": []}
        progress(2, 3)
        found = [
            {
                "products": [int(item) for item in bundle.items],
                "baskets": bundle.baskets,
                "lift": round(bundle.low, 3),
            }
            for size in SIZES
            for bundle in together.bundles(KEPT, size=size)
        ]
    progress(3, 3)
    return {"as_of": moment.isoformat(), "bundles": found}


def latest() -> Job | None:
    """Return the last job that found bundles. One query."""
    return Job.objects.filter(kind=KIND, state=Job.State.DONE).order_by("-created_at").first()


def suggested(job: Job, *, limit: int = 12, containing: str = "") -> list[Bundle]:
    """Return what a job found, of products that are still sold: those in most baskets first. One query.

    `containing` keeps sets with that sku.
    """
    rows = sorted((job.result or {}).get("bundles", []), key=lambda row: -row["baskets"])
    wanted = {pk for row in rows for pk in row["products"]}
    sold = Product.objects.filter(pk__in=wanted, active=True, is_stub=False).in_bulk()
    found = []
    for row in rows:
        products = tuple(sold[pk] for pk in row["products"] if pk in sold)
        if len(products) < len(row["products"]):
            continue
        if containing and containing not in {product.sku for product in products}:
            continue
        found.append(Bundle(products, row["baskets"], row["lift"]))
    return found[:limit]


def working() -> Job | None:
    """Return the job that is finding bundles now, if any. One query."""
    going = (Job.State.QUEUED, Job.State.RUNNING)
    return Job.objects.filter(kind=KIND, state__in=going).order_by("-created_at").first()
