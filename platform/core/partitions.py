"""Month partitions of the large tables, made ahead of the rows that need them.

Two kinds of range are in use: by a time column (events) and by a UUIDv7 column (messages), whose
first 48 bits are milliseconds since 1970 (RFC 9562).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import connection, transaction

# One lock for all partition work: two creators at once would otherwise fail on the same name.
_LOCK = 0x5241_5050


def month_of(moment: datetime) -> datetime:
    """Return the first instant of the month in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def months_between(first: datetime, last: datetime) -> list[datetime]:
    """Return the months from that of `first` to that of `last`, both included."""
    months = [month_of(first)]
    while months[-1] < month_of(last):
        months.append(months[-1] + relativedelta(months=1))
    return months


def uuid7_floor(moment: datetime) -> UUID:
    """Return the smallest UUIDv7-ordered value of a millisecond."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def ensure_partitions(
    table: str, months: Iterable[datetime], *, by_uuid7: bool = False, fillfactor: int = 100
) -> list[str]:
    """Create the missing month partitions of a table and return their names.

    One catalogue query when all of them exist, which is the usual case. A `fillfactor` below 100 leaves the
    rest of each page to the rows' later versions.
    """
    wanted = {f"{table}_{month:%Y%m}": month for month in months}
    with connection.cursor() as cursor:
        missing = _missing(cursor, wanted)
        if not missing:
            return []
        with transaction.atomic():
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            for name in (missing := _missing(cursor, wanted)):
                start = wanted[name]
                bounds = (start, start + relativedelta(months=1))
                low, high = (str(uuid7_floor(b)) if by_uuid7 else b.isoformat() for b in bounds)
                cursor.execute(
                    f'CREATE TABLE "{name}" PARTITION OF "{table}" FOR VALUES FROM (%s) TO (%s)'
                    f" WITH (fillfactor = {fillfactor:d})",
                    [low, high],
                )
    return missing


def _missing(cursor, wanted: dict[str, datetime]) -> list[str]:  # type: ignore[no-untyped-def]
    # Read from the catalogue itself: to_regclass may answer from a cache that is older than the lock.
    cursor.execute(
        "SELECT name FROM unnest(%s) AS name WHERE NOT EXISTS"
        " (SELECT FROM pg_class WHERE relname = name AND pg_table_is_visible(oid))",
        [list(wanted)],
    )
    return [name for (name,) in cursor.fetchall()]
