"""What serves now: champions, the version of each strategy, and the rules; read once a second a process.

Whoever answers asks here, so that one answer needs no query for what changes once a night.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef

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


_kept: tuple[float, State] | None = None


def state() -> State:
    """Return the state, at most a second old (settings.RECOMMENDATIONS_STATE_SECONDS). Three queries."""
    global _kept
    asked = time.monotonic()
    kept = _kept
    if kept is not None and asked < kept[0]:
        return kept[1]
    found = read_state()
    _kept = (asked + settings.RECOMMENDATIONS_STATE_SECONDS, found)
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
