"""Celery's way into the facts."""

from celery import shared_task

from core import clock
from events import catalogue, changes, merging, quality, refunds, retention, services


@shared_task(name="events.tasks.prepare_months")
def prepare_months() -> None:
    """Make the month partitions that will be needed soon."""
    services.prepare_months(clock.now())


@shared_task(name="events.tasks.follow_changes")
def follow_changes() -> None:
    """Turn changes of the catalogue into events, and bring stragglers to their customers and orders."""
    now = clock.now()
    catalogue.note_changes(now)
    merging.settle(now)
    refunds.settle_recent(now)


@shared_task(name="events.tasks.drop_months")
def drop_months() -> None:
    """Drop the months that are older than the shop keeps; a busy table is tried again the next night."""
    retention.drop_months(clock.now())


@shared_task(name="events.tasks.hand_on_changes")
def hand_on_changes() -> None:
    """Hand on which customers changed, also while nobody takes."""
    changes.fold(clock.now())


@shared_task(name="events.tasks.tidy_quality")
def tidy_quality() -> None:
    """Add up the figures of data quality, and renew what products usually sell for."""
    quality.fold(clock.now())
    quality.renew_typical_prices(clock.knowledge_now())
