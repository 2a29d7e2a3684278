"""Periodic jobs that take effect once per slot, however often they are sent.

Two beats, a message delivered twice, or a worker that died: the row (job, slot) decides. A slot that
was started but never finished is taken up again.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection

from core import clock
from core.models import PeriodicSlot


def slot_of(now: datetime, every: timedelta) -> datetime:
    """Return the beginning of the slot of length `every` that holds a moment, counted from 1970."""
    seconds = int(every.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=UTC)


def once_per_slot(job: str, *, every: timedelta, now: datetime, run: Callable[[], object]) -> bool:
    """Run a job unless its slot is done or somebody is at it. Return whether it ran here.

    The lock lives with the connection, so a killed worker frees it; its slot stays unfinished and the
    next message runs it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"periodic:{job}"])
        if not cursor.fetchone()[0]:
            return False
    try:
        slot, _ = PeriodicSlot.objects.get_or_create(
            job=job, scheduled_for=slot_of(now, every), defaults={"started_at": now}
        )
        if slot.finished_at:
            return False
        run()
        PeriodicSlot.objects.filter(pk=slot.pk).update(finished_at=clock.now())
        return True
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"periodic:{job}"])
