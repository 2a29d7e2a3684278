"""Celery's way into the imports."""

from celery import shared_task

from accounts.jobs import running
from accounts.models import Job
from core import clock
from integrations.datasets import DATASETS


@shared_task(name="integrations.tasks.import_dataset", soft_time_limit=540, time_limit=600)
def import_dataset(*, job_id: str) -> None:
    """Load the data set that a job names. Safe to run again after a crash: what is in stays single."""
    job = Job.objects.get(pk=job_id)
    with running(job) as progress:
        result = DATASETS[job.parameters["dataset"]](
            now=clock.now(), progress=progress, households=job.parameters.get("households")
        )
        Job.objects.filter(pk=job.pk).update(result=result)
