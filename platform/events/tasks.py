"""Celery's way into the facts."""

from celery import shared_task

from core import clock
from events import catalogue, merging, services


@shared_task(name="events.tasks.prepare_months")
def prepare_months() -> None:
    """Make the month partitions that will be needed soon."""
    services.prepare_months(clock.now())


@shared_task(name="events.tasks.follow_changes")
def follow_changes() -> None:
    """Turn changes of the catalogue into events, and bring stragglers to the customers of their actors."""
    now = clock.now()
    catalogue.note_changes(now)
    merging.settle(now)
