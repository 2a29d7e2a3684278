"""Writes of events: what partners send, and what the platform itself did."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl
from dateutil.relativedelta import relativedelta
from django.db import connection, transaction

from catalog.services import ensure_products
from core.copy import copy_from_frame
from core.money import to_base
from core.partitions import ensure_partitions, months_between
from customers.identity import Actor, ensure_actors
from events.models import EventType, Quality, QuarantinedEvent
from events.parsing import EventIn, InvalidEvent, parse_event
from events.store import TABLE, claim, ensure_months

#: What lies further ahead is a wrong clock, not a fact.
FUTURE = timedelta(hours=24)
#: What lies further back is a wrong century.
HISTORY = relativedelta(years=20)


@dataclass(slots=True)
class IngestResult:
    """What became of a batch; the lists carry each event's index in it."""

    accepted: int = 0
    duplicates: int = 0
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)


def ingest(
    events: Sequence[Mapping[str, Any] | EventIn], *, now: datetime, default_source: str = "api"
) -> IngestResult:
    """Store a batch of events that came from outside, each once by (source, message_id).

    Bad ones are rejected singly, unlikely ones quarantined, unknown customers and products become stubs.
    Everything is committed when it returns. A constant number of queries; 1,000 events take about
    150 ms.
    """
    result = IngestResult()
    good: list[EventIn] = []
    held: list[QuarantinedEvent] = []
    for index, raw in enumerate(events):
        try:
            event = (
                raw if isinstance(raw, EventIn) else parse_event(raw, now=now, default_source=default_source)
            )
        except InvalidEvent as error:
            result.rejected.append({"index": index, "errors": error.errors})
            continue
        if reason := _doubt(event, now):
            result.quarantined.append({"index": index, "reason": reason.value})
            held.append(_held(event, reason, now))
        else:
            good.append(event)
    if held:
        held.sort(key=lambda e: (e.source, e.message_id))
        QuarantinedEvent.objects.bulk_create(held, ignore_conflicts=True)
    if good:
        ensure_months(pl.Series([e.occurred_at for e in good]))
        result.accepted = _store(good, now)
        result.duplicates = len(good) - result.accepted
    return result


def _doubt(event: EventIn, now: datetime) -> QuarantinedEvent.Reason | None:
    if event.occurred_at > now + FUTURE:
        return QuarantinedEvent.Reason.FUTURE
    if event.occurred_at < now - HISTORY:
        return QuarantinedEvent.Reason.TOO_OLD
    return None


def _held(event: EventIn, reason: QuarantinedEvent.Reason, now: datetime) -> QuarantinedEvent:
    payload = json.loads(orjson.dumps(asdict(event), default=str))
    return QuarantinedEvent(
        source=event.source, message_id=event.message_id, payload=payload, reason=reason, received_at=now
    )


@transaction.atomic
def _store(events: list[EventIn], now: datetime) -> int:
    """Store the events whose keys are new. Locks are taken in one order: keys, customers, products."""
    first = {(e.source, e.message_id): e for e in reversed(events)}
    new = claim(pl.DataFrame(list(first), schema=["source", "message_id"], orient="row"))
    fresh = [first[key] for key in new.iter_rows()]
    customers, visitors = ensure_actors(
        (e.customer for e in fresh if e.customer),
        (e.anonymous_id for e in fresh if not e.customer and e.anonymous_id),
        now,
    )
    products = ensure_products((e.sku for e in fresh if e.sku), now)
    rows = [
        _row(
            e,
            customers[e.customer] if e.customer else visitors[e.anonymous_id or ""],
            products[e.sku] if e.sku else None,
            now,
        )
        for e in fresh
    ]
    return copy_from_frame(pl.DataFrame(rows, infer_schema_length=None), TABLE) if rows else 0


def _row(event: EventIn, actor: Actor, product_id: int | None, now: datetime) -> dict[str, Any]:
    amount = None
    quality = Quality.GOOD
    if event.amount is not None and event.currency:
        amount = to_base(event.amount, event.currency)
        if amount is None:
            quality = Quality.NO_RATE
    if event.type == EventType.PURCHASE and event.sku and not event.quantity:
        quality = Quality.NO_QUANTITY
    return {
        "source": event.source,
        "message_id": event.message_id,
        "type": event.type,
        "actor_id": actor.identifier_id,
        "customer_id": actor.customer_id,
        "product_id": product_id,
        "order_id": event.order_id,
        "quantity": _text(event.quantity),
        "amount": _text(amount),
        "currency": event.currency,
        "original_amount": _text(None if event.amount is None else round(event.amount, 3)),
        "quality": quality.value,
        "properties": json.dumps(event.properties, ensure_ascii=False) if event.properties else None,
        "occurred_at": event.occurred_at,
        "received_at": now,
    }


def _text(number: Any) -> str | None:
    return None if number is None else f"{number:f}"


def record(rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Store the platform's own events, each once by (source, message_id). Return those that were new.

    Rows need source, message_id, type and occurred_at; further members are customer_id, product_id,
    order_id, quantity, amount, discount (in the shop's currency), currency and properties. The actor
    is the customer's own id. Two queries; runs in the caller's transaction.
    """
    if not rows:
        return 0
    moments = [row["occurred_at"] for row in rows]
    ensure_partitions(TABLE, months_between(min(moments), max(moments)))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RECORD, [orjson.dumps([dict(r) for r in rows], default=str).decode(), now])
        return int(cursor.rowcount)


_RECORD = """
WITH rows AS (
    SELECT DISTINCT ON (source, message_id) *
    FROM jsonb_to_recordset(%s::jsonb) AS r(
        source varchar, message_id varchar, type varchar, occurred_at timestamptz, customer_id bigint,
        product_id bigint, order_id varchar, quantity numeric, amount numeric, discount numeric,
        currency varchar, properties jsonb)
    ORDER BY source, message_id
), fresh AS (
    INSERT INTO events_eventkey (source, message_id)
    SELECT source, message_id FROM rows ORDER BY source, message_id
    ON CONFLICT DO NOTHING RETURNING source, message_id
)
INSERT INTO events_event (source, message_id, type, occurred_at, received_at, customer_id, actor_id,
                          product_id, order_id, quantity, amount, discount, currency, properties)
SELECT source, message_id, type, occurred_at, %s, customer_id,
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
