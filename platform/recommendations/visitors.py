"""Lists for visitors nobody knows: what the model shows to a person without history."""

from typing import Any

import redis
import structlog
from django.core.cache import cache

from catalog.models import Product
from recommendations.artifacts import fitted
from recommendations.models import ModelVersion
from recommendations.services.lists import LIST_LENGTH, available_products

log = structlog.get_logger(__name__)

#: How long a list serves all visitors before it is ranked anew.
SECONDS = 300
_NOBODY = ""


def general_skus(version: ModelVersion, objective: str, limit: int) -> list[str]:
    """Return the products for a person without history, best first; those sold out meanwhile are left out.

    Ranked once in five minutes for everybody. Raises recommender.errors.ArtifactError.
    """
    key = f"recommendations:general:{version.pk}:{objective}"
    ids = _cached(key)
    if ids is None:
        ids = _ranked(version, objective)
        try:
            cache.set(key, ids, SECONDS)
        except redis.RedisError:
            log.warning("general_list_not_kept")
    skus = dict(
        Product.objects.filter(pk__in=ids, active=True).exclude(stock__lte=0).values_list("pk", "sku")
    )
    return [skus[pk] for pk in ids if pk in skus][:limit]


def _cached(key: str) -> list[int] | None:
    try:
        found: Any = cache.get(key)
    except redis.RedisError:
        return None
    return found if isinstance(found, list) else None


def _ranked(version: ModelVersion, objective: str) -> list[int]:
    lists = fitted(version).recommend(
        [_NOBODY], LIST_LENGTH, objective, candidates=available_products(), reasons=True
    )
    return [int(item) for item, _score, _reason in lists.for_user(0)]
