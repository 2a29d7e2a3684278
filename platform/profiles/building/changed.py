"""The incremental build: only customers whose facts or records changed, within half a minute."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection, transaction

from core.arrays import number_array
from events import changes
from profiles.building import running

#: The name under which changed customers are taken from events.
CONSUMER = "profiles"
BATCH = 5_000
#: Batches in one go; what is left waits for the next beat.
BATCHES = 20
#: Partners' clocks may be ahead by so much (events are refused above).
AHEAD = timedelta(hours=24)

_FIGURES = "profile_figure"


def refresh_changed(*, as_of: datetime, now: datetime) -> int:
    """Build the profiles of those who changed since the last time, and return how many they were.

    A worker that dies leaves its customers to the next one; building twice changes nothing. Whose newest
    fact lies ahead of `as_of`, by a partner's clock that is fast, stays in the queue until it counts.
    """
    looked_at = 0
    for _batch in range(BATCHES):
        taken = changes.take(CONSUMER, BATCH, now)
        if not taken:
            break
        with transaction.atomic():
            ids = [change.customer_id for change in taken]
            build_customers(ids, as_of=as_of, now=now)
            early = _early(ids, as_of=as_of, now=now)
            changes.acknowledge(CONSUMER, [c for c in taken if c.customer_id not in early])
        looked_at += len(taken)
    return looked_at


@transaction.atomic
def build_customers(customer_ids: Collection[int], *, as_of: datetime, now: datetime) -> int:
    """Build the profiles of some customers from the facts before `as_of`; return how many have one.

    They get the rows that a complete build would give them, and everybody's rank follows. 1,000 customers
    among 200,000 take about 2 s (docs/benchmarks.md), by the index of events by customer.
    """
    values = running.parameters(as_of, now)
    running.settle()
    running.gather_some(customer_ids, _FIGURES, values)
    written = running.publish(_FIGURES, values)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {_FIGURES}")
    return written


def _early(customer_ids: Collection[int], *, as_of: datetime, now: datetime) -> set[int]:
    """Return who has facts that will count only later. A shop replayed as of an earlier day has none."""
    if now - as_of > timedelta(minutes=1):
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT customer_id FROM events_event"
            " WHERE customer_id = ANY(%s::bigint[]) AND occurred_at >= %s AND occurred_at <= %s",
            [number_array(customer_ids), as_of, as_of + AHEAD],
        )
        return {row[0] for row in cursor.fetchall()}
