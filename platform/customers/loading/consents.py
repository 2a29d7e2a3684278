"""Consents in bulk, with what they replaced; the ledger only grows, so an undo appends to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import orjson
from django.db import connection

from customers.consent import ConsentRow, record_consents
from customers.loading.changes import Change
from customers.models import Consent, ConsentEvent

UNDO = "undo"


def load_consents(rows: Sequence[ConsentRow], now: datetime, *, only_unknown: bool = False) -> list[Change]:
    """Append consents and return a change for each that was new.

    With `only_unknown`, who has decided already keeps that decision: a file that does not say when
    somebody agreed must not undo a withdrawal. Five queries.
    """
    customers = sorted({row.customer_id for row in rows})
    states = _states(customers)
    if only_unknown:
        rows = [row for row in rows if (row.customer_id, row.channel, row.topic) not in states]
    if not rows or not record_consents(rows, now):
        return []
    events = ConsentEvent.objects.filter(customer_id__in=customers, recorded_at=now).order_by("pk")
    return [
        Change(pk, True, orjson.dumps({"granted": states.get((customer, channel, topic))}).decode(), at)
        for pk, customer, channel, topic, at in events.values_list(
            "pk", "customer_id", "channel", "topic", "occurred_at"
        )
    ]


def _states(customers: list[int]) -> dict[tuple[int, str, str], bool]:
    rows = Consent.objects.filter(customer_id__in=customers)
    return {(c, ch, t): granted for c, ch, t, granted in rows.values_list(
        "customer_id", "channel", "topic", "granted")}  # fmt: skip


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
