"""Start what takes long, for a page, a partner and an operator alike."""

from datetime import datetime

from accounts.audit import record
from accounts.dispatch import start_job
from accounts.models import Job, User


def start_scoring(*, now: datetime, user: User | None = None, actor: str = "") -> Job:
    """Train and give all scores as of the shop's present; while that goes on already, return its job.

    A start is noted in the audit log; `actor` names a partner's key.
    """
    going_on = Job.objects.filter(kind="score", state__in=(Job.State.QUEUED, Job.State.RUNNING))
    job = going_on.order_by("-created_at").first()
    if job is not None:
        return job
    job = start_job("score", now=now, user=user)
    record(action="start_scoring", target=job, now=now, user=user, actor=actor)
    return job
