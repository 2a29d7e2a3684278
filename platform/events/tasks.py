"""Celery's way into the facts."""

from celery import shared_task

from core import clock
from events import services


@shared_task(name="events.tasks.prepare_months")
def prepare_months() -> None:
    """Make the month partitions that will be needed soon."""
    services.prepare_months(clock.now())
