"""Lists that are ready before anybody asks: computed in blocks, written by COPY, resumed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from threadpoolctl import threadpool_limits

from accounts.jobs import Progress, silent
from catalog.models import Product
from core import processors
from core.copy import copy_from_frame
from customers.models import Consent, Customer
from recommendations.artifacts import fitted
from recommendations.models import ModelVersion, Objective, RecommendationList

if TYPE_CHECKING:
    from recommender import Recommendations, Recommender
    from recommender.arrays import Int32

#: Longer than what is shown, so that stock and rules can still drop some.
LIST_LENGTH = 20
# A block is computed in 1 to 3 s; 4,000 customers × 20 places take about 0.3 s and 12 MB to write.
_BLOCK = 4000
#: Blocks that are computed beside each other: numpy and scipy work outside of the interpreter's lock.
THREADS = processors.for_background()


@dataclass(frozen=True, slots=True)
class Listed:
    """Lists of a model with the item of each history that carried a place (positions, -1: none did)."""

    lists: "Recommendations"
    causes: "Int32 | None" = None


def may_be_messaged() -> QuerySet[Customer]:
    """Return the customers whose lists are kept ready: they allow profiling and agreed to some channel.

    All others get theirs when they ask.
    """
    agreed = Consent.objects.filter(customer=OuterRef("pk"), granted=True)
    return Customer.objects.filter(Exists(agreed), no_profiling=False)


def precompute_lists(
    version: ModelVersion,
    model: "Recommender",
    *,
    now: datetime,
    objectives: Iterable[str] = Objective.values,
    progress: Progress = silent,
) -> int:
    """Compute the lists of a fitted model for everybody who may be messaged. Return how many.

    Each block is written with the place it reached in one transaction, so a run that was stopped goes on
    there. Nobody reads lists of a version before its turn (services.registry). Customers without history
    get the fallback, marked as such. 200,000 customers × 20,000 products: see docs/serving.md.
    """
    reached = dict(version.lists_progress)
    total = may_be_messaged().count() * len(list(objectives := tuple(objectives)))
    available = available_products()
    written: int = sum(entry["written"] for entry in reached.values())
    for objective in objectives:
        last = reached.get(objective, {"customer": 0, "written": 0})
        todo = may_be_messaged().filter(pk__gt=last["customer"]).order_by("pk")
        people = _blocks(todo.values_list("pk", flat=True).iterator(chunk_size=_BLOCK))

        def compute(block: Sequence[int], goal: str = objective) -> Listed:
            return _lists(model, block, goal, available)

        for block, lists in _ahead(people, compute):
            last = {"customer": block[-1], "written": last["written"] + len(block)}
            reached[objective] = last
            with transaction.atomic():
                _write(version, objective, block, lists)
                ModelVersion.objects.filter(pk=version.pk).update(lists_progress=reached)
            written += len(block)
            progress(written, total, "Lists")
    version.lists_progress = reached
    version.lists_at = now
    version.save(update_fields=["lists_at"])
    return written


def ensure_lists(version: ModelVersion, objective: str, customer_ids: Sequence[int]) -> None:
    """Compute the lists that are missing for these customers from the stored model.

    One query when none is missing. Otherwise the model is loaded, which takes about a second the first
    time in a process.
    """
    have = set(
        RecommendationList.objects.filter(
            model_version=version, objective=objective, customer_id__in=customer_ids
        ).values_list("customer_id", flat=True)
    )
    missing = [pk for pk in customer_ids if pk not in have]
    if missing:
        lists = _lists(fitted(version), missing, objective, available_products())
        with transaction.atomic():
            _write(version, objective, missing, lists)


def available_products() -> list[str]:
    """Return the ids of the products that can be offered at all."""
    return [str(pk) for pk in offerable().values_list("pk", flat=True)]


def offerable() -> QuerySet[Product]:
    """Return the products that can be offered: sold, in stock, in a category that is advertised."""
    return Product.objects.filter(
        Q(category=None) | Q(category__recommendable=True), active=True, is_stub=False
    ).exclude(stock__lte=0)


def write_lists(version: ModelVersion, objective: str, customers: Sequence[int], lists: Listed) -> None:
    """Replace the lists of these customers, one transaction."""
    with transaction.atomic():
        _write(version, objective, customers, lists)


def forget_lists(keep: Iterable[ModelVersion], of: ModelVersion) -> int:
    """Delete the lists of a strategy's other versions. Return how many."""
    return (
        RecommendationList.objects.filter(model_version__strategy=of.strategy_id)
        .exclude(model_version__in=list(keep))
        ._raw_delete(connection.alias)
    )


def _blocks(ids: Iterable[int]) -> Iterator[list[int]]:
    left = iter(ids)
    while block := list(islice(left, _BLOCK)):
        yield block


def _ahead(
    blocks: Iterable[Sequence[int]], compute: Callable[[Sequence[int]], Listed]
) -> Iterator[tuple[Sequence[int], Listed]]:
    """Yield each block with its lists, THREADS of them computed ahead of whoever writes."""
    with _one_thread_each(), ThreadPoolExecutor(THREADS) as pool:
        waiting: list[tuple[Sequence[int], Future[Any]]] = []
        try:
            for block in blocks:
                waiting.append((block, pool.submit(compute, block)))
                if len(waiting) > THREADS:
                    done, future = waiting.pop(0)
                    yield done, future.result()
            for done, future in waiting:
                yield done, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep BLAS from starting threads of its own beside ours."""
    with threadpool_limits(1, "blas"):
        yield


def _lists(model: "Recommender", customers: Sequence[int], objective: str, available: list[str]) -> Listed:
    found = model.recommend(
        [str(pk) for pk in customers], LIST_LENGTH, objective, candidates=available, reasons=True
    )
    return Listed(found, model.causes(found, objective))


def _write(version: ModelVersion, objective: str, customers: Sequence[int], lists: Listed) -> None:
    # Two writers of the same lists would otherwise meet on the unique key.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{version.pk}:{objective}"])
    RecommendationList.objects.filter(
        model_version=version, objective=objective, customer_id__in=customers
    ).delete()
    copy_from_frame(_rows(version, objective, customers, lists), RecommendationList._meta.db_table)


def _rows(version: ModelVersion, objective: str, customers: Sequence[int], lists: Listed) -> pl.DataFrame:
    """Return the rows as COPY takes them, arrays as PostgreSQL writes them; made column by column."""
    found = lists.lists
    people, width = found.codes.shape
    causes = np.full(found.codes.shape, -1) if lists.causes is None else lists.causes
    names = pl.Series(list(found.reason_names), dtype=pl.String)
    places = pl.DataFrame(
        {
            "line": pl.Series(range(people), dtype=pl.Int64).repeat_by(width).explode(),
            "code": found.codes.ravel(),
            "score": found.scores.ravel(),
            "reason": found.reasons.ravel(),
            "fallback": found.is_fallback.ravel(),
            "cause": causes.ravel(),
        }
    ).filter(pl.col("code") >= 0)
    items = pl.Series(list(found.catalogue), dtype=pl.String)
    joined = (
        places.with_columns(
            item=items.gather(places["code"].cast(pl.UInt32)),
            said=pl.format('"{}{}"', names.gather(places["reason"].cast(pl.UInt32)), _because(places, items)),
        )
        .group_by("line", maintain_order=True)
        .agg(
            pl.col("item").str.join(","),
            pl.col("score").round_sig_figs(6).cast(pl.String).str.join(","),
            pl.col("said").str.join(","),
            pl.col("fallback").all(),
        )
    )
    whole = pl.DataFrame({"line": range(people), "customer_id": list(customers)}).join(
        joined, on="line", how="left", maintain_order="left"
    )
    return whole.select(
        pl.lit(str(version.pk)).alias("model_version_id"),
        "customer_id",
        pl.lit(objective).alias("objective"),
        pl.format("{{{}}}", pl.col("item").fill_null("")).alias("product_ids"),
        pl.format("{{{}}}", pl.col("score").fill_null("")).alias("scores"),
        pl.format("[{}]", pl.col("said").fill_null("")).alias("reasons"),
        pl.col("fallback").fill_null(value=True),
    )


def _because(places: pl.DataFrame, items: pl.Series) -> pl.Series:
    """Return what a reason says besides: `:` and the product that carried the place, or nothing."""
    cause = places["cause"]
    named = ":" + items.gather(cause.clip(lower_bound=0).cast(pl.UInt32))
    return pl.select(pl.when(cause >= 0).then(named).otherwise(pl.lit(""))).to_series()
