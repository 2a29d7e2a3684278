"""Training as long work that a person can start, watch and cancel."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import Progress, as_of
from recommendations.demand.services import forecast_demand
from recommendations.quality.services import look_back
from recommendations.services.refreshing import refresh_lists
from recommendations.services.searching import search_strategy
from recommendations.services.training import finish_lists, train_models


def train(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Train every active strategy, or those named; the result holds the figures of each model.

    What a training before could not end is ended first, so a job whose worker died goes on.
    """
    finish_lists(now=now, progress=progress)
    report = train_models(
        as_of=as_of(parameters),
        now=now,
        keys=parameters.get("strategies"),
        warm=bool(parameters.get("warm")),
        progress=progress,
    )
    return {"as_of": report.as_of.isoformat(), "models": report.figures, "comparisons": report.comparisons}


def lists(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Bring the lists up to date of those who did something since."""
    return {
        "finished": finish_lists(now=now, progress=progress),
        "refreshed": refresh_lists(as_of=as_of(parameters), now=now, progress=progress),
    }


def search(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Search a strategy's parameters for so many seconds; the best becomes a strategy beside it."""
    return search_strategy(
        parameters["strategy"],
        seconds=int(parameters.get("seconds", 600)),
        objective=parameters.get("objective", "replenish"),
        as_of=as_of(parameters),
        now=now,
        progress=progress,
    )


def demand(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Forecast the demand for every product; the result holds how good that would have been before."""
    run = forecast_demand(as_of=as_of(parameters), now=now, progress=progress)
    return {"as_of": run.as_of.isoformat(), "products": run.products, "quality": run.quality}


def review(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Add up what lists did for people, and which products hardly anybody is shown."""
    return look_back(as_of=as_of(parameters), now=now, progress=progress)
