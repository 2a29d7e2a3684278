"""The event table's housekeeping."""

from datetime import timedelta

from celery import shared_task

from core import clock
from core.partitions import ensure_partitions, months_between

#: Partitions exist this far ahead, so that ingestion never waits for one.
AHEAD = timedelta(days=62)


@shared_task
def make_partitions() -> None:
    """Make the month partitions of events ahead of time; daily by beat."""
    now = clock.now()
    ensure_partitions("events_event", months_between(now, now + AHEAD))
