"""Segments while nobody looks."""

from celery import shared_task

from core import clock
from segments import services


@shared_task
def refresh_segments(slugs: list[str] | None = None) -> None:
    """Refresh all segments, or those named, as of the shop's present."""
    services.refresh_all(as_of=clock.knowledge_now(), now=clock.now(), slugs=slugs)


@shared_task(soft_time_limit=110, time_limit=120)
def refresh_changed() -> None:
    """Look again at the customers who changed."""
    services.refresh_changed(as_of=clock.knowledge_now(), now=clock.now())
