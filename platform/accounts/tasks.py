"""Run what somebody waits for."""

from typing import Any

from celery import shared_task

from accounts import jobs, notices
from accounts.models import Job
from core import clock
from core.waking import wake


@shared_task(bind=True)
def run_job(self: Any, job_id: str) -> None:
    """Run a job once: a second delivery finds it taken, unless the first one's worker died."""
    given_back = bool((self.request.delivery_info or {}).get("redelivered"))
    jobs.run(Job.objects.get(pk=job_id), worker_died=given_back)


@shared_task
def wake_forgotten() -> int:
    """Send jobs that nobody has begun their message again: the broker was away, or lost what it had."""
    waiting = jobs.forgotten(clock.now())
    for job_id, kind in waiting:
        wake(run_job, queue=jobs.kinds.get(kind).queue, job_id=str(job_id))
    return len(waiting)


@shared_task
def forget_notices() -> int:
    """Delete what people were told long ago."""
    return notices.forget(clock.now())
