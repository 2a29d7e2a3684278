"""Start what takes long, for a page, a partner and an operator alike."""

from datetime import datetime, timedelta

from django.db.models import Q

from accounts.audit import record
from accounts.dispatch import start_job
from accounts.models import Job, User

#: A running job that gave no sign for so long has lost its worker for good.
SILENT = timedelta(hours=1)


def scoring(now: datetime) -> Job | None:
    """Return the scoring that waits or goes on, if there is one."""
    alive = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, heartbeat_at__gt=now - SILENT)
    return Job.objects.filter(alive, kind="score").order_by("-created_at").first()


def start_scoring(*, now: datetime, user: User | None = None, actor: str = "") -> Job:
    """Train and give all scores as of the shop's present; while that goes on already, return its job.

    A start is noted in the audit log; `actor` names a partner's key.
    """
    if (going_on := scoring(now)) is not None:
        return going_on
    job = start_job("score", now=now, user=user)
    record(action="start_scoring", target=job, now=now, user=user, actor=actor)
    return job
