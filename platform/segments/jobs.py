"""Refreshing segments as long work that a person can start and watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import Progress, as_of
from segments.refresh import refresh_all


def refresh(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Refresh all segments, or those of `slugs`; the result says how many were refreshed."""
    runs = refresh_all(as_of=as_of(parameters), now=now, slugs=parameters.get("slugs"), progress=progress)
    return {"segments": len(runs)}
