"""Training as long work that a person can start and watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from accounts.jobs import JobKind, Progress, as_of
from recommendations.services import train_models


def train(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Train every active strategy; the result holds the figures of each model."""
    report = train_models(as_of=as_of(parameters), now=now, progress=progress)
    return {"as_of": report.as_of.isoformat(), "models": report.figures, "comparisons": report.comparisons}


TRAIN = JobKind(_("Train the recommenders"), "training", train)
