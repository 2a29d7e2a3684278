"""Training in the background, in a queue and process of its own."""

from celery import shared_task

from accounts.jobs import running
from accounts.models import Job
from core import clock
from recommendations.services import train_models


@shared_task(queue="training")
def train(job_id: str | None = None) -> None:
    """Train every active strategy as of the shop's present; nightly by beat, or for a watched job."""
    as_of, now = clock.knowledge_now(), clock.now()
    if job_id is None:
        train_models(as_of=as_of, now=now)
        return
    with running(Job.objects.get(pk=job_id)) as progress:
        train_models(as_of=as_of, now=now, progress=progress)
