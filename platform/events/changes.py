"""Customers whose facts changed, for others to take: each consumer gets each of them once.

Writers note the customers of a transaction in one row (`note`), which costs about 0.3 ms for a thousand
and never waits for anybody. `fold` hands the notes on to every consumer and drops what is there already.
A consumer takes some for a while, works, and acknowledges; what it did not acknowledge in time, because
it died, is taken again. Who changed meanwhile stays in the queue, acknowledged or not.

    for batch in iter(lambda: changes.take("profiles", 1000, clock.now()), []):
        build(change.customer_id for change in batch)
        changes.acknowledge("profiles", batch)

Consumers are registered in `AppConfig.ready`: `changes.consumers.add("profiles", "keeps profiles fresh")`.
A new one begins with what changes from then on, so it looks at everybody once first.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from core.arrays import number_array
from core.registry import Registry
from customers.registries import Person

#: Who takes from the queue, and what for.
consumers: Registry[str] = Registry("consumer of changes")
#: A consumer that has not acknowledged by then is taken for dead.
LEASE = timedelta(minutes=10)
#: How long a consumer waits for the one it comes after.
PATIENCE = timedelta(minutes=5)
#: Notes that are handed on in one transaction.
NOTES = 1000
_LOCK = 0x4348_4E47


class Change(NamedTuple):
    """A customer to look at, at the version that was taken."""

    customer_id: int
    version: int


class Waiting(NamedTuple):
    """How many customers wait for a consumer, and since when the first."""

    customers: int
    since: datetime | None


def note(customer_ids: Iterable[int], now: datetime | None = None) -> None:
    """Note in the caller's transaction that facts about customers changed. One insert.

    Without `now`, for callers who have none, they changed when the transaction began.
    """
    ids = sorted(set(customer_ids))
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO events_changenote (customer_ids, at)"
                " VALUES (%s::bigint[], coalesce(%s, transaction_timestamp()))",
                [number_array(ids), now],
            )


def take(
    consumer: str, limit: int, now: datetime, *, lease: timedelta = LEASE, after: str = ""
) -> list[Change]:
    """Take up to `limit` customers, those who have waited longest first; empty when none waits.

    They are this caller's until `now + lease`. Several may take for one consumer at once. Who still
    waits for the consumer `after`, whose work this one builds on, is left for later, though for no longer
    than PATIENCE. Raises UnknownEntry for a consumer that is not registered.
    """
    consumers.get(consumer)
    fold(now)
    moments = {"now": now, "until": now + lease, "stuck": now - PATIENCE}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"consumer": consumer, "limit": limit, "after": after, **moments})
        return [Change(*row) for row in cursor.fetchall()]


_TAKE = """
UPDATE events_changedcustomer q SET taken_until = %(until)s
FROM (
    SELECT w.consumer, w.customer_id FROM events_changedcustomer w
    WHERE w.consumer = %(consumer)s AND (w.taken_until IS NULL OR w.taken_until <= %(now)s)
      AND (w.changed_at <= %(stuck)s OR NOT EXISTS (
          SELECT FROM events_changedcustomer b WHERE b.consumer = %(after)s AND b.customer_id = w.customer_id
      ))
    ORDER BY w.changed_at LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED
) AS free
WHERE q.consumer = free.consumer AND q.customer_id = free.customer_id
RETURNING q.customer_id, q.version
"""


def acknowledge(consumer: str, changes: Sequence[Change]) -> None:
    """Take customers off the queue whose work is done; who changed meanwhile stays, free again."""
    if not changes:
        return
    ordered = sorted(changes)
    values = [
        consumer,
        number_array(c.customer_id for c in ordered),
        number_array(c.version for c in ordered),
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCKED, values)  # in the order of fold
        cursor.execute(_DONE, values)
        cursor.execute(_AGAIN, values)


_GIVEN = "unnest(%s::bigint[], %s::bigint[]) AS t(customer_id, version)"
_LOCKED = f"""
SELECT 1 FROM events_changedcustomer q, (SELECT %s::varchar AS consumer) c, {_GIVEN}
WHERE q.consumer = c.consumer AND q.customer_id = t.customer_id
ORDER BY q.customer_id FOR UPDATE OF q
"""  # noqa: S608
_DONE = f"""
DELETE FROM events_changedcustomer q USING (SELECT %s::varchar AS consumer) c, {_GIVEN}
WHERE q.consumer = c.consumer AND q.customer_id = t.customer_id AND q.version = t.version
"""  # noqa: S608
_AGAIN = f"""
UPDATE events_changedcustomer q SET taken_until = NULL FROM (SELECT %s::varchar AS consumer) c, {_GIVEN}
WHERE q.consumer = c.consumer AND q.customer_id = t.customer_id
"""  # noqa: S608


def fold(now: datetime) -> int:
    """Hand what was noted on to every consumer and return how many notes there were.

    One folds at a time; a second one returns at once. A thousand notes of one customer each take about
    15 ms.
    """
    folded = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return folded
            cursor.execute(_FOLD, {"consumers": [name for name, _ in consumers], "limit": NOTES})
            notes = int(cursor.fetchone()[0])
        folded += notes
        if notes < NOTES:
            return folded


_FOLD = """
WITH notes AS (
    DELETE FROM events_changenote
    WHERE id IN (SELECT id FROM events_changenote ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING customer_ids, at
), changed AS (
    SELECT customer_id, min(at) AS at FROM notes, unnest(customer_ids) AS customer_id GROUP BY customer_id
), queued AS (
    INSERT INTO events_changedcustomer AS q (consumer, customer_id, version, changed_at)
    SELECT consumer, customer_id, 1, at FROM changed, unnest(%(consumers)s::varchar[]) AS consumer
    ORDER BY consumer, customer_id
    ON CONFLICT (consumer, customer_id) DO UPDATE SET version = q.version + 1
)
SELECT count(*) FROM notes
"""


def waiting(consumer: str) -> Waiting:
    """Return how many customers wait for a consumer, taken ones included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(changed_at) FROM events_changedcustomer WHERE consumer = %s", [consumer]
        )
        return Waiting(*cursor.fetchone())


class Queue:
    """Let the queue hear of merges and joins, and forget who is erased. It says nothing about anybody."""

    def changed(self, customer_ids: Collection[int], now: datetime) -> None:
        """Note those whose records were written."""
        note(customer_ids, now)

    def join(self, pairs: Sequence[tuple[int, int]], now: datetime) -> None:
        """Note the customers whose visits became theirs."""
        note((customer for _, customer in pairs), now)

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Note who has more facts now; the merged one is taken, found gone and acknowledged."""
        note([kept_id], now)
        return {}

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Note both."""
        note([kept_id, merged_id], now)

    def erase(self, person: Person, now: datetime) -> int:
        """Take the person off the queue; a note that is not handed on yet holds a bare number."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_changedcustomer WHERE customer_id = %s", [person.customer_id])
            return int(cursor.rowcount)

    def export(self, customer_id: int) -> list[Any]:
        """Return nothing: that somebody is to be looked at again is no fact about them."""
        return []
