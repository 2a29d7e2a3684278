"""Consents in bulk, with what they replaced; the ledger only grows, so an undo appends to it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import orjson
from django.db import connection

from customers.consent import ConsentRow, append_consents, record_consents
from customers.loading.changes import Change

UNDO = "undo"


def load_consents(rows: Sequence[ConsentRow], now: datetime, *, only_unknown: bool = False) -> list[Change]:
    """Append consents and return a change for each that was new.

    With `only_unknown`, who has decided already keeps that decision: a file that does not say when
    somebody agreed must not undo a withdrawal. Three queries.
    """
    states = _states({row.customer_id for row in rows})
    if only_unknown:
        rows = [row for row in rows if (row.customer_id, row.channel, row.topic) not in states]
    changes = []
    for pk, customer_id, channel, topic, at in append_consents(rows, now):
        granted = states.get((customer_id, channel, topic))
        before = None if granted is None else orjson.dumps({"granted": granted}).decode()
        changes.append(Change(pk, True, before, at))
    return changes


def _states(customers: Collection[int]) -> dict[tuple[int, str, str], bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, channel, topic, granted FROM customers_consent WHERE customer_id = ANY(%s)",
            [list(customers)],
        )
        return {(pk, channel, topic): granted for pk, channel, topic, granted in cursor.fetchall()}


def compensate(changes: Sequence[Change], now: datetime, *, reference: str) -> list[int]:
    """Append what puts the state back that stood before, and return the customers that were left alone.

    Somebody who has decided again since is left alone. Who was unknown before counts as withdrawn, which
    means the same: nothing is sent. Three queries.
    """
    befores = {change.object_id: orjson.loads(change.before or "{}").get("granted") for change in changes}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id, e.customer_id, e.channel, e.topic, e.granted,"
            " c.since = e.occurred_at AND c.granted = e.granted"
            " FROM customers_consentevent e JOIN customers_consent c USING (customer_id, channel, topic)"
            " WHERE e.id = ANY(%s) ORDER BY e.id",
            [list(befores)],
        )
        found = cursor.fetchall()
    rows, left = [], []
    for pk, customer_id, channel, topic, granted, stands in found:
        before = bool(befores[pk])
        if not stands:
            left.append(customer_id)
        elif before != granted:
            row = ConsentRow(customer_id, channel, before, UNDO, now, topic=topic)
            rows.append(replace(row, proof={"undo_of_import": reference}))
    record_consents(rows, now)
    return left
