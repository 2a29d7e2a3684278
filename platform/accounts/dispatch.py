"""Hand long work to the workers, after the commit that stores it."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from accounts.jobs import create_job, kinds
from accounts.models import Job, User
from accounts.tasks import run_job


def start_job(
    kind: str, *, now: datetime, user: User | None = None, parameters: Mapping[str, Any] | None = None
) -> Job:
    """Store a job of a registered kind and wake a worker of its queue."""
    spec = kinds.get(kind)
    job = create_job(kind=kind, title=spec.title, now=now, user=user, parameters=dict(parameters or {}))
    transaction.on_commit(partial(run_job.apply_async, kwargs={"job_id": str(job.pk)}, queue=spec.queue))
    return job
