"""What may be read of the recommendations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog

from catalog.models import Product
from recommendations.models import Champion, ModelVersion, RecommendationList
from recommendations.services.lists import ensure_lists
from recommendations.strategies import use_key
from recommender.errors import ArtifactError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """A recommended product, ready to be shown."""

    product_id: int
    sku: str
    name: str
    price: Decimal | None
    currency: str
    url: str
    image_url: str
    score: float
    reason: dict[str, Any]
    fallback: bool
    rank: int


def champion(use: str, objective: str) -> str | None:
    """Return the key of the strategy that serves a use, or None before the first training."""
    found = Champion.objects.filter(use=use_key(use, objective)).select_related("strategy").first()
    return found.strategy.key if found else None


def version_at(strategy: str, as_of: datetime) -> ModelVersion | None:
    """Return the newest version of a strategy that was trained as of exactly this moment."""
    return ModelVersion.objects.filter(strategy__key=strategy, as_of=as_of).order_by("-created_at").first()


def serving_version(strategy: str) -> ModelVersion | None:
    """Return the version of a strategy that serves now: its newest."""
    return (
        ModelVersion.objects.filter(strategy__key=strategy)
        .select_related("strategy")
        .order_by("-created_at")
        .first()
    )


def lists_for(
    customer_ids: Sequence[int], *, use: str, objective: str, limit: int, strategy: str | None = None
) -> dict[int, list[Item]]:
    """Return each customer's list by a strategy, or by the champion of the use.

    Products that were switched off or sold out since are left out. Four queries for any number of
    customers; missing lists are computed, unless the stored model cannot be read, which is logged.
    Customers without any list are absent from the answer.
    """
    key = strategy or champion(use, objective)
    version = serving_version(key) if key else None
    if version is None:
        return {}
    try:
        ensure_lists(version, objective, customer_ids)
    except ArtifactError as error:
        # A damaged model must not take down a page or a mailing: what was computed before still serves.
        log.error("model_unreadable", version=str(version.pk), error=str(error))
    rows = list(
        RecommendationList.objects.filter(
            model_version=version, objective=objective, customer_id__in=customer_ids
        ).values_list("customer_id", "product_ids", "scores", "reasons")
    )
    products = _offerable({pk for _, ids, _, _ in rows for pk in ids})
    return {
        customer: _items(ids, scores, reasons, products, limit) for customer, ids, scores, reasons in rows
    }


def _offerable(ids: set[int]) -> dict[int, Product]:
    return Product.objects.filter(active=True).exclude(stock__lte=0).in_bulk(ids)


def _items(
    ids: list[int], scores: list[float], reasons: list[str], products: dict[int, Product], limit: int
) -> list[Item]:
    places = [place for place in zip(ids, scores, reasons, strict=True) if place[0] in products][:limit]
    return [
        Item(
            product_id=pk,
            sku=products[pk].sku,
            name=products[pk].name,
            price=products[pk].price,
            currency=products[pk].currency,
            url=products[pk].url,
            image_url=products[pk].image_url,
            score=score,
            reason={"part": reason},
            fallback=reason == "fallback",
            rank=rank,
        )
        for rank, (pk, score, reason) in enumerate(places, start=1)
    ]
