"""What orders and events share: events stored once, with everything an undo needs."""

from collections.abc import Sequence

import polars as pl
from django.db import connection

from catalog.selectors import ids_by_sku
from customers.loading import Change
from customers.selectors import ids_by_external_id
from events.parsing import EventIn
from events.services import ingest
from events.store import ensure_months
from events.undo import held_by, stored_by
from integrations.imports.kinds.base import CUSTOMER, EVENT, HELD, PRODUCT, Context, Outcome


def store_events(rows: Sequence[tuple[int, EventIn]], context: Context, outcome: Outcome) -> None:
    """Store events (each with its line) and note them with the customers and products made for them.

    Counts rows as new, known already or quarantined. Nine queries beside those of `ingest`.
    """
    if not rows:
        return
    events = [event for _line, event in rows]
    # Months are made before the transaction needs them, so that its locks do not hold up others.
    ensure_months(pl.Series([event.occurred_at for event in events]))
    people = {event.customer for event in events if event.customer}
    goods = {event.sku for event in events if event.sku}
    known_people, known_goods = ids_by_external_id(people), ids_by_sku(goods)
    result = ingest(events, now=context.now, default_source=context.source)
    outcome.created += result.accepted
    outcome.unchanged += result.duplicates
    outcome.quarantined += len(result.quarantined)
    for entry in result.rejected:
        reason = " ".join(text for texts in entry["errors"].values() for text in texts)
        outcome.rejected.append((rows[entry["index"]][0], reason))
    stored = stored_by(context.source, [(e.message_id, e.occurred_at) for e in events], context.now)
    outcome.note(EVENT, [Change(pk, True, None, at) for pk, at in stored])
    held = [events[entry["index"]].message_id for entry in result.quarantined]
    outcome.note(
        HELD, [Change(pk, True, None, context.now) for pk in held_by(context.source, held, context.now)]
    )
    new_people = ids_by_external_id(people - set(known_people))
    new_goods = ids_by_sku(goods - set(known_goods))
    for thing, ids in ((CUSTOMER, new_people), (PRODUCT, new_goods)):
        outcome.note(thing, [Change(pk, True, None, context.now) for pk in ids.values()])


def known_keys(source: str, message_ids: Sequence[str]) -> set[str]:
    """Return which of these message ids the source has sent before. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id FROM events_eventkey WHERE source = %s AND message_id = ANY(%s)",
            [source, list(message_ids)],
        )
        return {message_id for (message_id,) in cursor.fetchall()}
