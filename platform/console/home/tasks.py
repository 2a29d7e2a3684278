"""Celery: what home suggests."""

from celery import shared_task

from console.home.suggestions import services
from core import clock


@shared_task
def find_suggestions() -> None:
    """Find what is worth doing as of the shop's present; hourly by beat."""
    services.refresh(as_of=clock.knowledge_now(), now=clock.now())
