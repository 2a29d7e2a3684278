"""The exact undo of people that were loaded."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from core.snapshots import delete, insert, restore
from customers.loading.changes import Change
from customers.models import Customer, Identifier
from customers.registries import watchers


def take_back_people(changes: Sequence[Change], now: datetime, *, keep: Collection[int]) -> list[int]:
    """Undo what load_people did: delete whom it created, restore whom it changed. Return those left alone.

    Left alone is who carries another moment than the batch's by now, and of the created those in `keep`.
    Their rows come back bit by bit. Runs in the caller's transaction; a constant number of queries.
    """
    by_id = {change.object_id: change for change in changes}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, updated_at FROM customers_customer WHERE id = ANY(%s)"
            " ORDER BY external_id FOR UPDATE",
            [list(by_id)],
        )
        stamps = dict(cursor.fetchall())
    left = [pk for pk, stamp in stamps.items() if stamp != by_id[pk].stamp]
    free = [by_id[pk] for pk, stamp in stamps.items() if stamp == by_id[pk].stamp]
    left += [change.object_id for change in free if change.created and change.object_id in keep]
    doomed = [c.object_id for c in free if c.created and c.object_id not in keep]
    changed = [(c, orjson.loads(c.before or "{}")) for c in free if not c.created]
    delete(Customer, doomed)
    restore(Customer, [orjson.dumps(before["row"]).decode() for _c, before in changed])
    _restore_identifiers(changed)
    if changed:
        for _name, watcher in watchers:
            watcher.changed([change.object_id for change, _before in changed], now)
    return sorted(left)


def _restore_identifiers(changed: list[tuple[Change, dict[str, Any]]]) -> None:
    """Drop the identifiers that the batch made and put the ones back that it replaced."""
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_identifier i USING unnest(%s::bigint[], %s::timestamptz[]) AS t(pk, stamp)"
            " WHERE i.customer_id = t.pk AND i.created_at = t.stamp",
            [[c.object_id for c, _b in changed], [c.stamp for c, _b in changed]],
        )
    rows = [row for _c, before in changed for row in before.get("identifiers", [])]
    insert(Identifier, [orjson.dumps(row).decode() for row in rows])
