"""Start what takes long, for a page, a partner and an operator alike."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from accounts.audit import record
from accounts.dispatch import start_job
from accounts.models import Job, User
from profiles.flows import parameters

#: A running job that gave no sign for so long has lost its worker for good.
SILENT = timedelta(hours=1)
#: What an audit entry calls the start of each kind of work.
ACTIONS = {
    "know": "profiling_started",
    "cluster": "start_clustering",
    "score": "start_scoring",
    "study": "start_study",
}


def going_on(now: datetime, *kinds: str, given: Mapping[str, Any] | None = None) -> Job | None:
    """Return the work of these kinds that waits or goes on, if there is any; `given` narrows it down."""
    alive = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, heartbeat_at__gt=now - SILENT)
    jobs = Job.objects.filter(alive, kind__in=kinds)
    if given is not None:
        jobs = jobs.filter(parameters=given)
    return jobs.order_by("-created_at").first()


def start(
    kind: str, *, now: datetime, user: User | None = None, actor: str = "", result_url: str = ""
) -> Job:
    """Start one kind of work as of the shop's present; while it goes on already, return its job.

    A start is noted in the audit log; `actor` names a partner's key.
    """
    if (found := going_on(now, kind)) is not None:
        return found
    job = start_job(kind, now=now, user=user, result_url=result_url)
    record(action=ACTIONS[kind], target=job, now=now, user=user, actor=actor)
    return job


def scoring(now: datetime) -> Job | None:
    """Return the scoring that waits or goes on, if there is one."""
    return going_on(now, "score")


def start_scoring(*, now: datetime, user: User | None = None, actor: str = "") -> Job:
    """Train and give all scores as of the shop's present; while that goes on already, return its job."""
    return start("score", now=now, user=user, actor=actor)


def count_flows(before: datetime, after: datetime, *, now: datetime, user: User, result_url: str) -> Job:
    """Count who went where between two moments; while one does so for the same moments, return its job."""
    given = parameters(before, after)
    if (found := going_on(now, "flows", given=given)) is not None:
        return found
    return start_job("flows", now=now, user=user, parameters=given, result_url=result_url)
