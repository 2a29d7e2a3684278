"""Hand long work to the training workers, one of a kind at a time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts import dispatch
from accounts.models import Job, User

#: A training and what keeps lists up to date write the same rows.
EXCLUSIVE = ("train", "recommendation-lists")


def going_on(*kinds: str) -> Job | None:
    """Return work of these kinds that waits or runs."""
    return (
        Job.objects.filter(kind__in=kinds, state__in=[Job.State.QUEUED, Job.State.RUNNING])
        .order_by("-created_at")
        .first()
    )


def start(
    kind: str,
    *,
    now: datetime,
    user: User | None = None,
    parameters: Mapping[str, Any] | None = None,
    result_url: str = "",
) -> Job:
    """Start a training, a search or the upkeep of lists, or return the one that goes on already."""
    rivals = EXCLUSIVE if kind in EXCLUSIVE else (kind,)
    return going_on(*rivals) or dispatch.start_job(
        kind, now=now, user=user, parameters=parameters, result_url=result_url
    )
