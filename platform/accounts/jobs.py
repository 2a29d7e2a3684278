"""Long work that a person can watch and cancel.

A service takes a `Progress` and calls it now and then; a task or command makes one from a Job row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from accounts.models import Job, User
from core import clock


class Cancelled(Exception):
    """The person who watches asked to stop."""


class Progress(Protocol):
    """What long work reports to."""

    def __call__(self, done: int, total: int | None = None, message: str = "") -> None:
        """Report how far the work is. Raises Cancelled when it should stop."""


def silent(done: int, total: int | None = None, message: str = "") -> None:
    """Report to nobody."""


def create_job(
    *,
    kind: str,
    title: str,
    now: datetime,
    user: User | None = None,
    parameters: dict[str, Any] | None = None,
) -> Job:
    """Store a job that a worker will take up."""
    return Job.objects.create(
        kind=kind, title=title, created_at=now, started_by=user, parameters=parameters or {}
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
    Job.objects.filter(pk=job.pk).update(state=state, error=error, finished_at=clock.now())
