"""Planning as long work that a person can watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import Progress, as_of
from campaigns.targeting.models import OfferPlan
from campaigns.targeting.planning import compute


def plan(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Compute a plan: `plan`, `as_of`; the result is its summary."""
    found = OfferPlan.objects.get(pk=parameters["plan"])
    return compute(found, as_of=as_of(parameters), now=now, progress=progress)
