"""Lists of those who did something since: brought up to date without a training; and when to train again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from django.db import connection

from accounts.jobs import Progress, silent
from recommendations.artifacts import fitted
from recommendations.models import Champion, ModelVersion, Objective
from recommendations.recent import histories_of
from recommendations.services.lists import (
    LIST_LENGTH,
    Listed,
    available_products,
    may_be_messaged,
    write_lists,
)
from recommendations.state import serving_versions
from recommender.errors import ArtifactError

if TYPE_CHECKING:
    from recommender import Recommender

# One customer is folded in by 2 to 10 ms, model by model; a block is one transaction.
_BLOCK = 500
#: How far back an order may be dated that came in just now.
LATE = timedelta(days=3)
#: Facts grew by so much since the training: the models learn them with the blend they have …
WARM_AT = 0.02
#: … or are trained and measured anew.
FULL_AT = 0.15
#: So much of what is bought are products that the models have never seen.
UNKNOWN_AT = 0.10
#: The mix of top categories moved by so much (population stability index; above .25 counts as a major shift,
#: Siddiqi 2006): tastes or the season changed.
DRIFT_AT = 0.25
#: The mix before a training is that of so long.
BEFORE = timedelta(weeks=8)
# A category without a purchase would make the index infinite.
_LEAST = 1e-3
#: Fewer purchases say nothing about any of these.
FEWEST = 500

_CHANGED = """
SELECT list.customer_id FROM recommendations_recommendationlist AS list
 WHERE list.model_version_id = %s AND list.objective = %s AND EXISTS (
   SELECT FROM events_event AS event
    WHERE event.customer_id = list.customer_id AND event.type = 'purchase'
      AND event.occurred_at >= %s AND event.received_at > list.computed_at)
"""
_GROWTH = """
SELECT count(*), count(*) FILTER (WHERE product.created_at > %s)
  FROM events_event AS event JOIN catalog_product AS product ON product.id = event.product_id
 WHERE event.type = 'purchase' AND event.occurred_at >= %s AND event.occurred_at < %s
"""
_MIX = """
SELECT count(*) FILTER (WHERE event.occurred_at < %s), count(*) FILTER (WHERE event.occurred_at >= %s)
  FROM events_event AS event JOIN catalog_product AS product ON product.id = event.product_id
  LEFT JOIN catalog_category AS category ON category.id = product.category_id
 WHERE event.type = 'purchase' AND event.occurred_at >= %s AND event.occurred_at < %s
 GROUP BY split_part(coalesce(category.path, ''), '/', 1)
"""


def refresh_lists(*, as_of: datetime, now: datetime, progress: Progress = silent) -> int:
    """Compute the lists anew of those who bought since theirs were made, and of those who have none yet.

    Buyers are folded in with their history of now; nobody else is touched. Half a second for each 100,000
    customers to find them, then 2 to 10 ms each for the model and a few statements for each 500. Killed, it
    goes on where it stopped. Returns how many.
    """
    crowned = set(Champion.objects.values_list("strategy_id", flat=True))
    refreshed = 0
    for version in serving_versions():
        if not (version.strategy.precompute or version.strategy_id in crowned):
            continue
        for objective in Objective.values:
            refreshed += _refresh(version, objective, as_of, progress, refreshed)
    return refreshed


def _refresh(version: ModelVersion, objective: str, as_of: datetime, progress: Progress, before: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [version.pk, objective, version.as_of - LATE])
        changed = [row[0] for row in cursor.fetchall()]
    new = list(
        may_be_messaged()
        .exclude(recommendation_lists__model_version=version, recommendation_lists__objective=objective)
        .values_list("pk", flat=True)
    )
    if not changed and not new:
        return 0
    try:
        model = fitted(version)
    except ArtifactError:
        return 0  # the old lists serve on
    available = available_products()
    total = before + len(changed) + len(new)
    for start in range(0, len(new), _BLOCK):
        block = new[start : start + _BLOCK]
        lists = model.recommend(
            [str(pk) for pk in block], LIST_LENGTH, objective, candidates=available, reasons=True
        )
        write_lists(version, objective, block, Listed(lists, model.causes(lists, objective)))
        progress(before + start + len(block), total, "Lists")
    for start in range(0, len(changed), _BLOCK):
        block = changed[start : start + _BLOCK]
        lists = _folded(model, block, objective, as_of, available)
        write_lists(version, objective, block, lists)
        progress(before + len(new) + start + len(block), total, "Lists")
    return len(changed) + len(new)


def _folded(
    model: "Recommender", customers: Sequence[int], objective: str, as_of: datetime, available: list[str]
) -> Listed:
    """Return the lists of customers from what they bought until now, in the given order. One query."""
    histories = {customer: (products, ages) for customer, products, ages in histories_of(customers, as_of)}
    found, causes = [], []
    for products, ages in map(histories.__getitem__, customers):
        items = [str(pk) for pk in products]
        found.append(
            model.recommend_history(items, LIST_LENGTH, objective, days_ago=ages, candidates=available)
        )
        causes.append(model.history_causes(found[-1], items, days_ago=ages))
    return Listed(found[0].with_more(found[1:]), np.concatenate(causes))


@dataclass(frozen=True, slots=True)
class Growth:
    """What came in since the last training, and what follows from it."""

    since: datetime
    facts: int
    purchases: int
    unknown: int
    #: How much the mix of what is bought moved since: population stability index over top categories.
    drift: float = 0.0

    @property
    def advice(self) -> str:
        """Return `full`, `warm`, or nothing."""
        if self.purchases < FEWEST:
            return ""
        share = self.purchases / max(self.facts, 1)
        if share >= FULL_AT or self.unknown / self.purchases >= UNKNOWN_AT or self.drift >= DRIFT_AT:
            return "full"
        return "warm" if share >= WARM_AT else ""


def growth(as_of: datetime) -> Growth | None:
    """Return what was bought since the strategies were last trained; None before the first training.

    A strategy that is switched off is trained no more and does not count; nor does it count that a new
    version waits before its gates, or everything would be trained again and again. Two queries, one more
    where enough came in to see a drift.
    """
    trained = list(
        ModelVersion.objects.filter(strategy__active=True)
        .order_by("strategy_id", "-as_of", "-created_at")
        .distinct("strategy_id")
        .only("as_of", "rows")
    )
    if not trained:
        return None
    oldest = min(trained, key=lambda version: version.as_of)
    with connection.cursor() as cursor:
        cursor.execute(_GROWTH, [oldest.as_of, oldest.as_of, as_of])
        purchases, unknown = cursor.fetchone()
    drift = _drift(oldest.as_of, as_of) if purchases >= FEWEST else 0.0
    return Growth(oldest.as_of, oldest.rows, purchases, unknown, drift)


def _drift(since: datetime, as_of: datetime) -> float:
    """Return how far the purchases since a moment are spread otherwise than those of the weeks before it."""
    with connection.cursor() as cursor:
        cursor.execute(_MIX, [since, since, since - BEFORE, as_of])
        rows = cursor.fetchall()
    before, after = (sum(row[n] for row in rows) for n in (0, 1))
    if not before or not after:
        return 0.0
    shares = [(max(b / before, _LEAST), max(a / after, _LEAST)) for b, a in rows]
    return sum((now - then) * math.log(now / then) for then, now in shares)
