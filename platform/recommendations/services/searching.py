"""Search a strategy's parameters within a time budget; the best becomes a strategy, never champion."""

from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.jobs import Progress, silent
from recommendations.frames import marked, products, purchases, shown
from recommendations.models import Strategy
from recommendations.services.training import NothingToLearnError, UnknownStrategyError, dataset_of
from recommender.reading import clean_interactions
from recommender.validation.search import search
from recommender.validation.spaces import SPACES

MOST_TRIALS = 200


def searchable() -> list[str]:
    """Return the model families that have parameters to search."""
    return list(SPACES)


def search_strategy(
    key: str, *, seconds: int, objective: str, as_of: datetime, now: datetime, progress: Progress = silent
) -> dict[str, Any]:
    """Look for better parameters of a strategy on the windows before a moment, for so many seconds.

    The best ones, where they gain anything on those windows, become the strategy `<key>-tuned`, which the
    next training fits and measures beside the others. It serves nobody until a person or a test of a
    campaign says so. Broken off, it goes on with the trials it had. Raises UnknownStrategyError,
    NothingToLearnError, or recommender.errors.DataError for a model without parameters.
    """
    strategy = Strategy.objects.filter(key=key).first()
    if strategy is None:
        raise UnknownStrategyError(f"There is no strategy {key}.")
    cleaned = clean_interactions(marked(purchases(as_of), shown(as_of)))
    if cleaned.frame.is_empty():
        raise NothingToLearnError(f"There are no purchases before {as_of:%Y-%m-%d} to learn from.")
    folder = settings.ARTIFACTS / "searches"
    folder.mkdir(parents=True, exist_ok=True)
    done = 0

    def say(line: str) -> None:
        nonlocal done
        done += 1
        progress(done, None, line)

    found = search(
        dataset_of(cleaned, products(), as_of),
        strategy.family,
        objective,
        trials=MOST_TRIALS,
        seconds=float(seconds),
        storage=folder / f"{key}-{objective}-{as_of:%Y%m%dT%H%M}.log",
        say=say,
    )
    result: dict[str, Any] = {
        "strategy": key,
        "objective": objective,
        "trials": len(found.trials),
        "ndcg10": found.ndcg10,
        "default_ndcg10": found.default_ndcg10,
        "difference": found.difference,
        "interval": list(found.interval),
        "parameters": found.params,
        "candidate": None,
    }
    if found.difference > 0:
        candidate, _ = Strategy.objects.update_or_create(
            key=f"{key}-tuned"[:50],
            defaults={
                "name": f"{strategy.name} (tuned)"[:100],
                "family": strategy.family,
                "parameters": {**strategy.parameters, **found.params},
                "active": True,
            },
            create_defaults={
                "name": f"{strategy.name} (tuned)"[:100],
                "family": strategy.family,
                "parameters": {**strategy.parameters, **found.params},
                "created_at": now,
            },
        )
        result["candidate"] = candidate.key
    return result
