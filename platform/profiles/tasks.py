"""Profiles and personas in the background."""

from celery import shared_task

from accounts.jobs import running
from accounts.models import Job
from core import clock
from profiles import services


@shared_task(queue="training")
def profile_customers(job_id: str | None = None) -> None:
    """Build all profiles as of the shop's present; nightly by beat, or for a watched job."""
    as_of, now = clock.knowledge_now(), clock.now()
    if job_id is None:
        services.build_profiles(as_of=as_of, now=now)
        return
    with running(Job.objects.get(pk=job_id)) as progress:
        services.build_profiles(as_of=as_of, now=now, progress=progress)


@shared_task(queue="training")
def cluster_customers(job_id: str | None = None) -> None:
    """Find the personas anew as of the shop's present; weekly by beat, or for a watched job."""
    as_of, now = clock.knowledge_now(), clock.now()
    if job_id is None:
        services.cluster_customers(as_of=as_of, now=now)
        return
    with running(Job.objects.get(pk=job_id)) as progress:
        services.cluster_customers(as_of=as_of, now=now, progress=progress)
