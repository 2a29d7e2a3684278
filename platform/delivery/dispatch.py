"""Waking workers, after commit. A wake-up is a hint: when it is lost, the sweeper sends another."""

from datetime import timedelta
from time import monotonic
from uuid import UUID

import structlog
from celery import current_app
from django.core.cache import cache
from django.db import transaction

log = structlog.get_logger(__name__)

DELIVER = "delivery.tasks.deliver"
QUEUE = "delivery"
#: Workers that one launch wakes; claims do not overlap, so each further one adds its own speed.
WORKERS = 2
JUDGE = "delivery.tasks.judge_touches"
#: Seconds after a touch at which it can be judged, and in which one wake-up is enough.
JUDGE_AFTER = 6
#: Seconds for which a process remembers that it asked; less than a touch waits to be judged.
JUDGE_ASKED = 1
_judged_asked = float("-inf")


def wake(run_id: UUID, *, workers: int = WORKERS, after: timedelta = timedelta(0)) -> None:
    """Ask workers to deliver a run once the surrounding transaction is committed. Never fails.

    `after` is a matter of seconds: a longer time belongs into PostgreSQL, where the sweeper finds it.
    """
    transaction.on_commit(lambda: _publish(run_id, workers, after))


def backlog() -> int:
    """Return how many wake-ups wait in the queue; none when the broker does not say."""
    try:
        with current_app.connection_for_read() as connection:
            return int(connection.default_channel.client.llen(QUEUE))
    except Exception:
        return 0


def _publish(run_id: UUID, workers: int, after: timedelta) -> None:
    options = {"countdown": after.total_seconds()} if after else {}
    try:
        for _ in range(workers):
            current_app.send_task(DELIVER, kwargs={"run_id": str(run_id)}, queue=QUEUE, **options)
    except Exception as error:  # whatever the broker's client raises: the run is safe in PostgreSQL
        log.warning("wake_up_lost", run=str(run_id), error=type(error).__name__)


def judge_soon() -> None:
    """Have touches judged in a few seconds; many at once are one wake-up. Never fails.

    A process that asked a moment ago does not ask the cache again: a reader waits for this.
    """
    global _judged_asked
    if 0 <= monotonic() - _judged_asked < JUDGE_ASKED:
        return
    _judged_asked = monotonic()
    try:
        if cache.add("delivery:judge", 1, timeout=JUDGE_AFTER):
            current_app.send_task(JUDGE, queue="delivery", countdown=JUDGE_AFTER, expires=60)
    except Exception as error:  # beat judges as well, a little later
        log.warning("wake_up_lost", job="judge", error=type(error).__name__)
