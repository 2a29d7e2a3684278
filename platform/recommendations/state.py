"""What serves now: champions, the version of each strategy, and the rules; read once a second a process.

Whoever answers asks here, so that one answer needs no query for what changes once a night.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef

from core.prepared import Prepared
from recommendations.models import Champion, ListRule, ModelVersion, Serving
from recommendations.strategies import use_key


@dataclass(frozen=True, slots=True)
class State:
    """Champions by use, serving versions by strategy key, and the rules that are switched on."""

    champions: Mapping[str, str]
    versions: Mapping[str, ModelVersion]
    rules: tuple[ListRule, ...]

    def champion(self, use: str, objective: str) -> str | None:
        """Return the key of the strategy that serves a use, or None before the first training."""
        return self.champions.get(use_key(use, objective))

    def version(self, use: str, objective: str, strategy: str | None = None) -> ModelVersion | None:
        """Return the version that answers: of the strategy asked for, or of the champion."""
        key = strategy or self.champion(use, objective)
        return self.versions.get(key) if key else None

    def rules_for(self, objective: str, now: datetime) -> tuple[ListRule, ...]:
        """Return the rules for lists of an objective at a moment, in the order in which they were made."""
        return tuple(
            rule
            for rule in self.rules
            if rule.objective in ("", objective)
            and (rule.starts_at is None or rule.starts_at <= now)
            and (rule.ends_at is None or rule.ends_at > now)
        )


#: Everything that a state is made of, in one number: where each row lies and which transaction wrote it, so
#: any change of any of them is another number. Reading the state takes forty times as long.
_MARK = Prepared(
    "recommendations_state_mark",
    (),
    """
WITH rows (place) AS (
    SELECT 'champion' || c.ctid::text || c.xmin::text FROM recommendations_champion c
    UNION ALL
    SELECT 'strategy' || s.ctid::text || s.xmin::text FROM recommendations_strategy s
    UNION ALL
    SELECT 'version' || v.ctid::text || v.xmin::text || coalesce(t.ctid::text || t.xmin::text, '')
      FROM recommendations_modelversion v
      LEFT JOIN recommendations_serving t ON t.version_id = v.id AND t.until IS NULL
     WHERE t.id IS NOT NULL
        OR NOT EXISTS (SELECT FROM recommendations_serving any_ WHERE any_.strategy_id = v.strategy_id)
    UNION ALL
    SELECT 'rule' || r.ctid::text || r.xmin::text || coalesce(p.ctid::text || p.xmin::text, '')
           || coalesce(c.ctid::text || c.xmin::text, '')
      FROM recommendations_listrule r
      LEFT JOIN catalog_product p ON p.id = r.product_id
      LEFT JOIN catalog_category c ON c.id = r.category_id
     WHERE r.active
)
SELECT count(*), sum(hashtextextended(place, 0))::text FROM rows
""",
)

_kept: tuple[float, Any, State] | None = None


def state() -> State:
    """Return the state, at most a second old (settings.RECOMMENDATIONS_STATE_SECONDS).

    One query of 0.2 ms a second, and three more after something changed.
    """
    global _kept
    asked = time.monotonic()
    kept = _kept
    if kept is not None and asked < kept[0]:
        return kept[2]
    seconds = settings.RECOMMENDATIONS_STATE_SECONDS
    mark = _MARK.rows([]) if seconds else None
    # The mark is read first: what changes in between is read once more.
    found = kept[2] if kept is not None and mark and mark == kept[1] else read_state()
    _kept = (asked + seconds, mark, found)
    return found


def read_state() -> State:
    """Read the state as it is now. Three queries."""
    return State(
        dict(Champion.objects.values_list("use", "strategy__key")),
        {version.strategy.key: version for version in serving_versions()},
        tuple(ListRule.objects.filter(active=True).select_related("product", "category").order_by("pk")),
    )


def serving_versions() -> list[ModelVersion]:
    """Return the version of each strategy whose turn it is; without any turn, the newest. One query."""
    turn = Serving.objects.filter(version=OuterRef("pk"), until=None)
    any_turn = Serving.objects.filter(strategy=OuterRef("strategy"))
    return list(
        ModelVersion.objects.filter(Exists(turn) | ~Exists(any_turn))
        .select_related("strategy")
        .order_by("strategy_id", "-created_at")
        .distinct("strategy_id")
    )
