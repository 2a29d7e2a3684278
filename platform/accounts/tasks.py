"""Run what somebody waits for."""

from celery import shared_task

from accounts import jobs
from accounts.models import Job


@shared_task
def run_job(job_id: str) -> None:
    """Run a job once: a second delivery of the message finds it taken."""
    jobs.run(Job.objects.get(pk=job_id))
