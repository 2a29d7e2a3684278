"""Suppressed addresses in bulk, and their exact undo."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.db import connection

from core.snapshots import restore, snapshot
from customers.loading.changes import Change
from customers.models import Suppression


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """An address, by its keyed hash, that is not to be written to."""

    channel: str
    address_hash: str
    reason: str
    until: datetime | None = None


def load_suppressions(rows: Sequence[SuppressionRow], now: datetime) -> list[Change]:
    """Suppress addresses and return a change for each that was new or is now suppressed for longer.

    As customers.services.suppress: an earlier, longer ban stays. Three queries.
    """
    wanted = {(row.channel, row.address_hash): row for row in rows}
    keys = sorted(wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id FROM customers_suppression s"
            " JOIN unnest(%s::varchar[], %s::varchar[]) t(channel, hash)"
            " ON s.channel = t.channel AND s.address_hash = t.hash",
            [[c for c, _h in keys], [h for _c, h in keys]],
        )
        before = snapshot(Suppression, [pk for (pk,) in cursor.fetchall()])
        cursor.execute(
            "INSERT INTO customers_suppression AS s (channel, address_hash, reason, until, created_at)"
            " SELECT channel, hash, reason, until, %s"
            " FROM unnest(%s::varchar[], %s::varchar[], %s::varchar[], %s::timestamptz[])"
            " AS t(channel, hash, reason, until) ORDER BY channel, hash"
            " ON CONFLICT (channel, address_hash) DO UPDATE"
            " SET reason = excluded.reason, until = excluded.until"
            " WHERE s.until < coalesce(excluded.until, 'infinity') RETURNING id, to_jsonb(s)",
            [
                now,
                [c for c, _h in keys],
                [h for _c, h in keys],
                [wanted[key].reason for key in keys],
                [wanted[key].until for key in keys],
            ],
        )
        stored = [(pk, orjson.loads(r) if isinstance(r, str) else r) for pk, r in cursor.fetchall()]
    return [
        Change(pk, pk not in before, orjson.dumps({"row": before.get(pk), "after": after}).decode(), now)
        for pk, after in stored
    ]


def take_back_suppressions(changes: Sequence[Change]) -> list[int]:
    """Undo load_suppressions and return the rows that somebody has changed since, which stay."""
    befores = {change.object_id: orjson.loads(change.before or "{}") for change in changes}
    present = snapshot(Suppression, sorted(befores))
    same = [pk for pk, row in present.items() if row == befores[pk]["after"]]
    gone = [pk for pk in same if befores[pk]["row"] is None]
    Suppression.objects.filter(pk__in=gone).delete()
    restore(Suppression, [orjson.dumps(befores[pk]["row"]).decode() for pk in same if befores[pk]["row"]])
    return sorted(set(present) - set(same))
