"""What goes with a product, for everybody: similar, bought together, bundles, trending, popular.

Computed with each training and replaced in one transaction. Serving reads rows by key, so what an
anonymous visitor is shown needs no model in the web process.
"""

from datetime import datetime
from typing import Any

import polars as pl
from django.db import transaction

from core.copy import copy_from_frame
from recommendations.models import ProductList
from recommender.dataset import Dataset
from recommender.models import Popularity, Trending
from recommender.ranking.relations import Related, likenesses
from recommender.ranking.together import Together
from recommender.ranking.topk import top_k

#: So many of a kind are kept of each product; filters and stock may drop most of them.
LENGTH = 30
GENERAL = 200
BUNDLES = 5
#: A popular list is of the last weeks.
RECENT_DAYS = 60.0


def write_relations(cleaned: Any, items: pl.DataFrame, *, as_of: datetime) -> int:
    """Compute and replace all lists of products from the purchases before a moment. Return how many.

    Products nobody bought yet get those with like attributes. Complete Journey (1.4 million rows, 68,000
    products): about 40 s of processor time, most of it for pairs of baskets.
    """
    dataset = Dataset.from_clean(cleaned, items, as_of=as_of, keep_cold_items=True)
    before = cleaned.before(as_of.timestamp())
    rows = [
        *_general(dataset),
        *_similar(likenesses(dataset, LENGTH)),
        *_together(Together().fit(before) if before.frame.height else None),
    ]
    frame = pl.DataFrame(
        rows,
        schema={
            "kind": pl.String,
            "product_id": pl.Int64,
            "product_ids": pl.String,
            "scores": pl.String,
            "detail": pl.String,
        },
        orient="row",
    ).with_columns(as_of=pl.lit(as_of.isoformat()))
    with transaction.atomic():
        ProductList.objects.all().delete()
        return copy_from_frame(frame, ProductList._meta.db_table)


Row = tuple[str, int | None, str, str, str]


def _row(kind: str, product: str | None, ids: list[str], scores: list[float], detail: str = "[]") -> Row:
    return (
        kind,
        None if product is None else int(product),
        "{" + ",".join(ids) + "}",
        "{" + ",".join(f"{score:.4g}" for score in scores) + "}",
        detail,
    )


def _general(dataset: Dataset) -> list[Row]:
    """Return what sells lately and what sells more and more, as lists of no product."""
    rows = []
    models = {
        ProductList.Kind.POPULAR: Popularity(time_constant=RECENT_DAYS),
        ProductList.Kind.TRENDING: Trending(),
    }
    for kind, model in models.items():
        share = model.fit(dataset).share_
        codes, values = top_k(share[None, :], min(GENERAL, len(share)))
        kept = [(dataset.items[int(c)], float(v)) for c, v in zip(codes[0], values[0], strict=True) if v > 0]
        rows.append(_row(kind.value, None, [item for item, _ in kept], [value for _, value in kept]))
    return rows


def _similar(found: Related) -> list[Row]:
    kind = ProductList.Kind.SIMILAR.value
    return [_row(kind, item, ids, scores) for item, ids, scores in found]


def _together(together: Together | None) -> list[Row]:
    if together is None:
        return []
    rows = []
    items = together.items_
    pairs = together.pairs_.group_by("left", maintain_order=True).agg(
        pl.col("right", "baskets", "lift", "low").head(LENGTH)
    )
    for left, right, baskets, lift, low in pairs.iter_rows():
        detail = "[" + ",".join(f"[{b},{x:.3g}]" for b, x in zip(baskets, lift, strict=True)) + "]"
        ids = [items[code] for code in right]
        rows.append(_row(ProductList.Kind.TOGETHER.value, items[left], ids, low, detail))
    for item, bundles in together.bundles_of(BUNDLES):
        others = [[other for other in bundle.items if other != item] for bundle in bundles]
        detail = (
            "["
            + ",".join(f"[{','.join(ids)},{b.baskets}]" for ids, b in zip(others, bundles, strict=True))
            + "]"
        )
        ids = list(dict.fromkeys(other for members in others for other in members))
        rows.append(_row(ProductList.Kind.BUNDLE.value, item, ids, [0.0] * len(ids), detail))
    return rows
