"""What customers agreed to, and the addresses that are never written to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A consent given or withdrawn by a customer."""

    customer_id: int
    channel: str
    granted: bool
    source: str
    occurred_at: datetime
    topic: str = "marketing"
    proof: dict[str, Any] = field(default_factory=dict)


def record_consents(rows: Sequence[ConsentRow], now: datetime) -> int:
    """Append consent events and bring the current state up to date. Return the events that were new.

    The state follows the latest `occurred_at`, not the order of arrival. The same event told again
    changes nothing. Two statements whatever the number of rows.
    """
    return len(append_consents(rows, now))


def append_consents(rows: Sequence[ConsentRow], now: datetime) -> list[tuple[int, int, str, str, datetime]]:
    """Record consents and return those that were new: key, customer, channel, topic, and when. See above."""
    if not rows:
        return []
    payload = orjson.dumps(
        [
            {
                "customer_id": r.customer_id, "channel": r.channel, "topic": r.topic, "granted": r.granted,
                "source": r.source, "proof": r.proof, "occurred_at": r.occurred_at,
            }
            for r in rows
        ]
    ).decode()  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LATEST, [payload])
        cursor.execute(_APPEND, [now, payload])
        return cursor.fetchall()


_ROWS = (
    "jsonb_to_recordset(%s::jsonb) AS r(customer_id bigint, channel varchar, topic varchar,"
    " granted boolean, source varchar, proof jsonb, occurred_at timestamptz)"
)
# The state goes first: its row locks, taken in order, make two batches about one customer wait in line.
_LATEST = f"""
INSERT INTO customers_consent (customer_id, channel, topic, granted, since)
SELECT DISTINCT ON (customer_id, channel, topic) customer_id, channel, topic, granted, occurred_at
FROM {_ROWS}
ORDER BY customer_id, channel, topic, occurred_at DESC, granted
ON CONFLICT (customer_id, channel, topic) DO UPDATE
SET granted = excluded.granted, since = excluded.since
WHERE excluded.since > customers_consent.since
   OR (excluded.since = customers_consent.since AND NOT excluded.granted)
"""  # noqa: S608 (only the constant column list is put in)
_APPEND = f"""
INSERT INTO customers_consentevent
    (customer_id, channel, topic, granted, source, proof, occurred_at, recorded_at)
SELECT DISTINCT ON (customer_id, channel, topic, occurred_at, granted, source)
       customer_id, channel, topic, granted, source, coalesce(proof, '{{}}'), occurred_at, %s
FROM {_ROWS}
WHERE NOT EXISTS (
    SELECT FROM customers_consentevent e
    WHERE (e.customer_id, e.channel, e.topic, e.occurred_at, e.granted, e.source)
        = (r.customer_id, r.channel, r.topic, r.occurred_at, r.granted, r.source)
)
ORDER BY customer_id, channel, topic, occurred_at, granted, source
RETURNING id, customer_id, channel, topic, occurred_at
"""  # noqa: S608


def suppress(
    channel: str, address_hash: str, reason: str, now: datetime, *, until: datetime | None = None
) -> None:
    """Never write to an address again, or not before `until`. An earlier, longer ban stays."""
    suppress_all([(channel, address_hash, reason)], now, until=until)


def suppress_all(
    addresses: Sequence[tuple[str, str, str]], now: datetime, *, until: datetime | None = None
) -> None:
    """Suppress many addresses, given as (channel, hash, reason), in one statement; sorted for rivals."""
    if not addresses:
        return
    channels, hashes, reasons = zip(*sorted(set(addresses)), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_suppression (channel, address_hash, reason, until, created_at)"
            " SELECT channel, address_hash, reason, %s, %s"
            " FROM unnest(%s::text[], %s::text[], %s::text[]) AS a (channel, address_hash, reason)"
            " ON CONFLICT (channel, address_hash) DO UPDATE"
            " SET reason = excluded.reason, until = excluded.until"
            " WHERE customers_suppression.until < coalesce(excluded.until, 'infinity')",
            [until, now, list(channels), list(hashes), [str(reason) for reason in reasons]],
        )
