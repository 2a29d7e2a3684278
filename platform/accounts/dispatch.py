"""Hand long work to the workers, after the commit that stores it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import create_job, kinds
from accounts.models import Job, User
from accounts.tasks import run_job
from core.waking import wake


def start_job(
    kind: str,
    *,
    now: datetime,
    user: User | None = None,
    parameters: Mapping[str, Any] | None = None,
    result_url: str = "",
) -> Job:
    """Store a job of a registered kind and wake a worker of its queue.

    Without a broker the job waits until beat finds it (`accounts.tasks.wake_forgotten`).
    """
    spec = kinds.get(kind)
    job = create_job(
        kind=kind,
        title=spec.title,
        now=now,
        user=user,
        parameters=dict(parameters or {}),
        result_url=result_url,
    )
    wake(run_job, queue=spec.queue, job_id=str(job.pk))
    return job
