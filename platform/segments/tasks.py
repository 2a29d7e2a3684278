"""Segments in the background."""

from celery import shared_task

from accounts.jobs import running
from accounts.models import Job
from core import clock
from segments import services


@shared_task
def refresh_segments(slugs: list[str] | None = None, job_id: str | None = None) -> None:
    """Refresh all segments, or those named, as of the shop's present."""
    as_of, now = clock.knowledge_now(), clock.now()
    if job_id is None:
        services.refresh_all(as_of=as_of, now=now, slugs=slugs)
        return
    with running(Job.objects.get(pk=job_id)) as progress:
        services.refresh_all(as_of=as_of, now=now, slugs=slugs, progress=progress)
