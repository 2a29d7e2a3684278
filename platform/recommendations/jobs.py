"""Training as long work that a person can start and watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import Progress, as_of
from recommendations.services.training import train_models


def train(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Train every active strategy; the result holds the figures of each model."""
    report = train_models(as_of=as_of(parameters), now=now, progress=progress)
    return {"as_of": report.as_of.isoformat(), "models": report.figures, "comparisons": report.comparisons}
