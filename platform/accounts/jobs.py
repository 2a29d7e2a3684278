"""Long work that a person can watch and cancel.

A service takes a `Progress` and calls it now and then. What can run as a job is registered in `kinds`
by the app that owns the service; accounts.dispatch starts one, a worker runs it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from accounts import notices
from accounts.models import Job, Notice, User
from core import clock
from core.registry import Registry


class Cancelled(Exception):
    """The person who watches asked to stop."""


class Progress(Protocol):
    """What long work reports to."""

    def __call__(self, done: int, total: int | None = None, message: str = "") -> None:
        """Report how far the work is. Raises Cancelled when it should stop."""


def silent(done: int, total: int | None = None, message: str = "") -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of long work: what it is called, which workers run it, and what it calls.

    `run` is the dotted path of a function that gets the job's parameters (plain JSON), the moment it
    starts and a Progress, and returns plain JSON that is kept as the job's result. It is a path so that
    only the worker that runs the job loads what the work needs.
    """

    title: str
    queue: str
    run: str

    def load(self) -> Callable[[Mapping[str, Any], datetime, Progress], dict[str, Any]]:
        """Return the function that does the work."""
        function: Callable[[Mapping[str, Any], datetime, Progress], dict[str, Any]] = import_string(self.run)
        return function


kinds: Registry[JobKind] = Registry("kind of job")


def as_of(parameters: Mapping[str, Any]) -> datetime:
    """Return the moment that a job's `as_of` names; without one, the shop's present."""
    return clock.parse_moment(parameters["as_of"]) if parameters.get("as_of") else clock.knowledge_now()


def create_job(
    *,
    kind: str,
    title: str,
    now: datetime,
    user: User | None = None,
    parameters: dict[str, Any] | None = None,
    result_url: str = "",
) -> Job:
    """Store a job that a worker will take up; its page leads to `result_url` when it is done."""
    return Job.objects.create(
        kind=kind,
        title=title,
        created_at=now,
        started_by=user,
        parameters=parameters or {},
        result_url=result_url,
    )


class JobProgress:
    """Write progress to a Job row, at most every half second, and notice a wish to cancel."""

    EVERY_SECONDS = 0.5

    def __init__(self, job: Job) -> None:
        self.job = job
        self._written: datetime | None = None

    def __call__(self, done: int, total: int | None = None, message: str = "") -> None:
        """Write the progress with a sign of life. Raises Cancelled when the person asked to stop."""
        now = clock.now()
        last = total is not None and done >= total
        if self._written and (now - self._written).total_seconds() < self.EVERY_SECONDS and not last:
            return
        self._written = now
        Job.objects.filter(pk=self.job.pk).update(done=done, total=total, message=message, heartbeat_at=now)
        if Job.objects.filter(pk=self.job.pk, cancel_requested=True).exists():
            raise Cancelled


#: A job that has waited so long may have lost its message.
FORGOTTEN = timedelta(minutes=2)
#: A job that kills its worker this often is given up, or it would kill workers for ever.
MOST_ATTEMPTS = 3
#: Work that took less was watched; its end is no news.
WORTH_TELLING = timedelta(seconds=10)


def run(job: Job, *, worker_died: bool = False) -> None:
    """Run a queued job by its kind and keep its result. A job that somebody took already is left alone.

    `worker_died` says that the broker gave the work back because the worker that had it is gone: then a
    running job is taken over, three times at most in all.
    """
    now = clock.now()
    free = [Job.State.QUEUED, Job.State.RUNNING] if worker_died else [Job.State.QUEUED]
    taken = Job.objects.filter(pk=job.pk, state__in=free, attempts__lt=MOST_ATTEMPTS).update(
        state=Job.State.RUNNING, started_at=now, heartbeat_at=now, attempts=F("attempts") + 1
    )
    if taken != 1:
        Job.objects.filter(pk=job.pk, state__in=free, attempts__gte=MOST_ATTEMPTS).update(
            state=Job.State.FAILED, finished_at=now, error=_("Its worker stopped %d times.") % MOST_ATTEMPTS
        )
        _tell(Job.objects.select_related("started_by").get(pk=job.pk), now)
        return
    with running(job) as progress:
        result = kinds.get(job.kind).load()(job.parameters, now, progress)
        Job.objects.filter(pk=job.pk).update(result=result)


def forgotten(now: datetime) -> list[tuple[UUID, str]]:
    """Return the ids and kinds of jobs that wait without a sign, each once in FORGOTTEN.

    Their worker may only be busy: a job that gets two messages is run once (`run`). One statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_job SET heartbeat_at = %s"
            " WHERE state = %s AND coalesce(heartbeat_at, created_at) < %s RETURNING id, kind",
            [now, Job.State.QUEUED, now - FORGOTTEN],
        )
        return list(cursor.fetchall())


@contextmanager
def running(job: Job) -> Iterator[JobProgress]:
    """Run work under a job: started, then done, failed or cancelled.

    A failure is stored as a sentence and raised again; a cancel ends quietly.
    """
    now = clock.now()
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, started_at=now, heartbeat_at=now)
    try:
        yield JobProgress(job)
    except Cancelled:
        _finish(job, Job.State.CANCELLED)
    except Exception as error:
        _finish(job, Job.State.FAILED, error=f"{type(error).__name__}: {error}"[:2000])
        raise
    else:
        _finish(job, Job.State.DONE)


def _finish(job: Job, state: str, error: str = "") -> None:
    now = clock.now()
    Job.objects.filter(pk=job.pk).update(state=state, error=error, finished_at=now)
    _tell(Job.objects.select_related("started_by").get(pk=job.pk), now)


def _tell(job: Job, now: datetime) -> None:
    """Tell whoever started the work how it ended; work that failed by itself is told to those who answer.

    Nobody is told that something is done which took a moment: they saw it.
    """
    page = f"/admin/jobs/{job.pk}/"  # reverse() would make a worker load every page
    key, facts = f"job:{job.pk}:{job.attempts}", {"title": job.title}
    if job.state == Job.State.FAILED:
        to = [job.started_by] if job.started_by else "accounts.change_job"
        notices.tell(to, Notice.Kind.JOB_FAILED, noop("“%(title)s” failed."), page, now, facts=facts, key=key)
    elif job.state == Job.State.DONE and job.started_at and now - job.started_at >= WORTH_TELLING:
        title = noop("“%(title)s” is done.")
        url = job.result_url if job.result_url.startswith("/") else page
        notices.tell([job.started_by], Notice.Kind.JOB_DONE, title, url, now, facts=facts, key=key)
