"""Lists that are ready before anybody asks."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl
from django.db import connection, transaction
from django.db.models import Q

from accounts.jobs import Progress, silent
from catalog.models import Product
from core.copy import copy_from_frame
from customers.models import Customer
from recommendations.artifacts import fitted
from recommendations.models import ModelVersion, Objective, RecommendationList

if TYPE_CHECKING:
    from recommender import Recommendations, Recommender

#: Longer than what is shown, so that stock and rules can still drop some.
LIST_LENGTH = 20
# 500 customers × 20 places take about 10 ms to write and 1 MB.
_BLOCK = 500


def precompute_lists(
    version: ModelVersion,
    model: "Recommender",
    *,
    objectives: Iterable[str] = Objective.values,
    progress: Progress = silent,
) -> int:
    """Compute the lists of a fitted model for every customer who allows profiling. Return how many.

    Customers without history get the fallback, marked as such. Lists of the version that exist are
    replaced. About 2 s per 1,000 customers × 20,000 products × objective.
    """
    customers = list(Customer.objects.filter(no_profiling=False).order_by("pk").values_list("pk", flat=True))
    available = available_products()
    written = 0
    for objective in objectives:
        for start in range(0, len(customers), _BLOCK):
            block = customers[start : start + _BLOCK]
            _write(version, objective, block, _lists(model, block, objective, available))
            written += len(block)
            progress(start + len(block), len(customers))
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
        _write(version, objective, missing, lists)


def available_products() -> list[str]:
    """Return the ids of the products that can be offered at all."""
    rows = Product.objects.filter(
        Q(category=None) | Q(category__recommendable=True), active=True, is_stub=False
    ).exclude(stock__lte=0)
    return [str(pk) for pk in rows.values_list("pk", flat=True)]


def _lists(
    model: "Recommender", customers: Sequence[int], objective: str, available: list[str]
) -> "Recommendations":
    return model.recommend(
        [str(pk) for pk in customers], LIST_LENGTH, objective, candidates=available, reasons=True
    )


@transaction.atomic
def _write(version: ModelVersion, objective: str, customers: Sequence[int], lists: "Recommendations") -> None:
    rows = []
    for position, customer_id in enumerate(customers):
        places = lists.for_user(position)
        rows.append(
            {
                "model_version_id": str(version.pk),
                "customer_id": customer_id,
                "objective": objective,
                "product_ids": "{" + ",".join(item for item, _, _ in places) + "}",
                "scores": "{" + ",".join(f"{score:.6g}" for _, score, _ in places) + "}",
                "reasons": "[" + ",".join(f'"{reason}"' for _, _, reason in places) + "]",
                "fallback": all(reason == "fallback" for _, _, reason in places),
            }
        )
    # Two writers of the same lists would otherwise meet on the unique key.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{version.pk}:{objective}"])
    RecommendationList.objects.filter(
        model_version=version, objective=objective, customer_id__in=customers
    ).delete()
    copy_from_frame(pl.DataFrame(rows), RecommendationList._meta.db_table)
