"""Writes of events: what partners send, and what the platform itself did."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from dateutil.relativedelta import relativedelta
from django.db import connection, transaction

from core.partitions import ensure_partitions, months_between
from core.retries import retried
from events import quality, quarantine
from events.batches import Batch, Read, read, source_of
from events.intake import Notes, Stored, store
from events.models import Note, QuarantinedEvent
from events.parsing import EventIn
from events.store import TABLE, ensure_months


@dataclass(slots=True)
class IngestResult:
    """What became of a batch; the lists carry each event's index in it.

    `stubs` counts the customers and products that nobody had heard of and that now have a record.
    """

    accepted: int = 0
    duplicates: int = 0
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    stubs: dict[str, int] = field(default_factory=lambda: {"customers": 0, "products": 0})


def ingest(
    events: Sequence[Mapping[str, Any] | EventIn], *, now: datetime, default_source: str = "api"
) -> IngestResult:
    """Store a batch of events that came from outside, each once by (source, message_id).

    Bad ones are rejected singly, unlikely ones quarantined, unknown customers and products become stubs
    or are refused, as the settings EVENTS_UNKNOWN_CUSTOMERS and EVENTS_UNKNOWN_PRODUCTS say. Everything
    is committed when it returns, what was noted about the data with it. A constant number of queries;
    1,000 events take about 12 ms of our time and 18 ms of PostgreSQL's.
    """
    found = read(events, now=now, default_source=default_source)
    batch, rejected = found.batch, found.rejected
    doubtful = quarantine.doubtful(batch.occurred_at, now)
    good = batch.pick([p for p in range(len(batch)) if p not in doubtful]) if doubtful else batch
    if good:
        ensure_months(good.occurred_at)
    stored = _stored(events, found, good, doubtful, now, default_source)
    rejected |= stored.refused
    return IngestResult(
        accepted=stored.accepted,
        duplicates=stored.duplicates,
        quarantined=[{"index": batch.index[p], "reason": r.value} for p, r in doubtful.items()],
        rejected=[{"index": i, "errors": rejected[i]} for i in sorted(rejected)],
        stubs={"customers": stored.customers, "products": stored.products},
    )


@retried
def _stored(
    events: Sequence[Any],
    found: Read,
    good: Batch,
    doubtful: Mapping[int, QuarantinedEvent.Reason],
    now: datetime,
    default_source: str,
) -> Stored:
    """Store the good, hold the doubtful and note what was wrong, all in one transaction."""
    batch, rejected = found.batch, found.rejected
    with transaction.atomic():
        stored = store(good, now)
        notes = stored.notes
        for index in rejected:
            notes[source_of(events[index], default_source), Note.REJECTED.value] += 1
        if doubtful:
            quarantine.hold(
                (
                    (batch.source[p], batch.message_id[p], events[batch.index[p]], reason)
                    for p, reason in doubtful.items()
                ),
                now,
            )
            notes.update((batch.source[p], reason.value) for p, reason in doubtful.items())
        _note_filled(events, rejected, notes, default_source)
        day = quality.shop_day(now)
        quality.note_all({(source, day, what): count for (source, what), count in notes.items()})
    return stored


def _note_filled(events: Sequence[Any], rejected: Container[int], notes: Notes, default_source: str) -> None:
    for index, raw in enumerate(events):
        if isinstance(raw, dict) and index not in rejected:
            if raw.get("occurred_at") is None:
                notes[source_of(raw, default_source), Note.NO_TIME.value] += 1
            if raw.get("source") is None:
                notes[default_source, Note.NO_SOURCE.value] += 1


def record(rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Store the platform's own events, each once by (source, message_id). Return those that were new.

    Rows need source, message_id, type and occurred_at; further members are customer_id, product_id,
    order_id, quantity, amount, discount (in the shop's currency), currency and properties. The actor
    is the customer's own id. Two statements, the customers noted as changed with them; runs in the caller's
    transaction, which is lost where it fails.
    """
    if not rows:
        return 0
    moments = [row["occurred_at"] for row in rows]
    ensure_partitions(TABLE, months_between(min(moments), max(moments)))
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        told = orjson.dumps([dict(row) for row in rows], default=str).decode()
        cursor.execute(_RECORD, {"rows": told, "now": now})
        return int(cursor.rowcount)


_RECORD = """
WITH rows AS (
    SELECT DISTINCT ON (source, message_id) *
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        source varchar, message_id varchar, type varchar, occurred_at timestamptz, customer_id bigint,
        product_id bigint, order_id varchar, quantity numeric, amount numeric, discount numeric,
        currency varchar, properties jsonb)
    ORDER BY source, message_id
), fresh AS (
    INSERT INTO events_eventkey (source, message_id)
    SELECT source, message_id FROM rows ORDER BY source COLLATE "C", message_id COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING source, message_id
), noted AS (  -- as changes.note does
    INSERT INTO events_changenote (customer_ids, at)
    SELECT array_agg(DISTINCT customer_id ORDER BY customer_id), %(now)s FROM rows
    WHERE customer_id IS NOT NULL HAVING count(*) > 0
)
INSERT INTO events_event (source, message_id, type, occurred_at, received_at, customer_id, actor_id,
                          product_id, order_id, quantity, amount, discount, currency, properties)
SELECT source, message_id, type, occurred_at, %(now)s, customer_id,
       -- The customer's own id, before those that came by a merge and may go with its undo.
       (SELECT i.id FROM customers_identifier i
        WHERE i.customer_id = rows.customer_id AND i.kind = 'external_id'
        ORDER BY i.merge_id NULLS FIRST, i.id LIMIT 1),
       product_id, order_id, quantity, amount, discount, currency, properties
FROM rows JOIN fresh USING (source, message_id)
"""


def prepare_months(now: datetime) -> list[str]:
    """Make the partitions of this month and the next two ahead of their events. Return the new ones."""
    return ensure_partitions(TABLE, months_between(now, now + relativedelta(months=2)))
