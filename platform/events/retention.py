"""How long facts are kept: whole months, dropped with their keys.

`EVENTS_KEEP_MONTHS` counts the months before the present one; None keeps everything. A dropped month's
keys go with it, or the table of keys would grow for ever. So that a late repeat of a dropped event does
not come back as new, nothing that is older than the floor is taken: it waits in quarantine, as too old.
(Sent again with another, recent time it would be a new event; nothing is left to know it by.)
"""

import re
from datetime import UTC, datetime

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import connection, transaction

from core.partitions import month_of

_PARTITION = re.compile(r"events_event_(\d{4})(\d{2})")
#: A month goes within this time or waits for the next day: its lock would hold up whoever writes.
_LOCK_TIMEOUT = "3s"
_KEYS = 50_000


def floor(now: datetime) -> datetime | None:
    """Return the moment before which no fact is kept, the first of a month in UTC, or None."""
    months = settings.EVENTS_KEEP_MONTHS
    return None if months is None else month_of(now) - relativedelta(months=months)


def drop_months(now: datetime) -> list[str]:
    """Drop the partitions before the floor, oldest first, and their keys. Return the partitions' names.

    Keys go in blocks of 50,000, each a transaction, before the partition does: broken off half-way it
    goes on the next time. About 2 s a million events. Raises OperationalError when a long query keeps
    the table busy; nothing is lost and the next run drops it.
    """
    limit = floor(now)
    if limit is None:
        return []
    dropped = []
    for name in _partitions_before(limit):
        while _forget_keys(name):
            pass
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
            cursor.execute(f'DROP TABLE "{name}"')
        dropped.append(name)
    return dropped


def _partitions_before(limit: datetime) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_partition_tree('events_event') t JOIN pg_class c ON c.oid = t.relid"
            " WHERE t.isleaf ORDER BY c.relname"
        )
        names = [name for (name,) in cursor.fetchall()]
    return [
        name
        for name in names
        if (found := _PARTITION.fullmatch(name))
        and datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC) < limit
    ]


@transaction.atomic
def _forget_keys(partition: str) -> bool:
    """Forget some keys of a partition's events; say whether there were any. Readers are not held up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM events_eventkey k USING ("  # noqa: S608 (a name from the catalogue)
            f'  SELECT e.source, e.message_id FROM "{partition}" e'
            "   JOIN events_eventkey USING (source, message_id) LIMIT %s) AS gone"
            " WHERE k.source = gone.source AND k.message_id = gone.message_id",
            [_KEYS],
        )
        return bool(cursor.rowcount)
