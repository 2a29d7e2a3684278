"""The complete build: one pass over the facts, then customers slice by slice, then all profiles at once.

Each step is a transaction of its own and notes how far it came (`ProfileBuild`), so a build whose worker
died goes on where that one stopped. Readers see the old profiles until all new ones are there. What is
halfway stands in two tables without a log, which are made for the build and dropped with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.jobs import Progress, silent
from profiles import calendar
from profiles.building import facts, running
from profiles.models import ProfileBuild

#: Customers in one step: about 2 s and, with their facts, 60 MB in PostgreSQL.
SLICE = 20_000
#: A build that was left for longer is begun anew.
RESUME = timedelta(hours=3)
FACTS, FIGURES = "profiles_build_fact", "profiles_build_figure"
_LOCK = 0x5052_4F42


def unfinished(now: datetime) -> ProfileBuild | None:
    """Return the build that a worker left behind not long ago."""
    return ProfileBuild.objects.filter(finished_at=None, started_at__gt=now - RESUME).first()


def build(*, as_of: datetime, now: datetime, progress: Progress = silent, size: int = SLICE) -> ProfileBuild:
    """Build every customer's profile from the facts before `as_of`, or go on with a build of that moment.

    Repeating it changes nothing but `computed_at`. Builds at the same time take turns. Profiles that the
    incremental build made meanwhile know more and stay. Memory is that of one slice, whatever the shop's
    size; 200,000 customers with 10 million events take about a minute (docs/benchmarks.md).
    """
    with _turn():
        found = unfinished(now)
        if found is None or found.as_of != as_of or not _halfway(found):
            found = _begin(as_of, now)
            calendar.refresh(as_of)
            _read_facts(found, now, progress)
        total = _count()
        while _next_slice(found, now, size):
            progress(found.customers, 2 * total, "figures")
        progress(total, 2 * total, "profiles")
        _publish(found, now)
        progress(2 * total, 2 * total)
        return found


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for the turn; a killed worker's ends with its connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _begin(as_of: datetime, now: datetime) -> ProfileBuild:
    ProfileBuild.objects.filter(finished_at=None).delete()
    return ProfileBuild.objects.create(as_of=as_of, started_at=now)


def _halfway(build: ProfileBuild) -> bool:
    """Say whether everything that the build did is there: tables without a log are empty after a crash."""
    if build.facts is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s), to_regclass(%s)", [FACTS, FIGURES])
        if None in cursor.fetchone():
            return False
        cursor.execute(f"SELECT (SELECT count(*) FROM {FACTS}), (SELECT count(*) FROM {FIGURES})")  # noqa: S608
        return tuple(cursor.fetchone()) == (build.facts, build.customers)


@transaction.atomic
def _read_facts(build: ProfileBuild, now: datetime, progress: Progress) -> None:
    """Set the facts out sorted by customer, so that a slice is one stretch of the table."""
    progress(0, None, "facts")
    running.settle()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {FACTS}, {FIGURES}")
        # The index by customer has the wanted order, and fetches each page of the facts dozens of times.
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute(
            f"CREATE UNLOGGED TABLE {FACTS} AS {facts.FACTS.format(scope='')} ORDER BY 1",
            running.parameters(build.as_of, now),
        )
        build.facts = cursor.rowcount
        cursor.execute(f"CREATE INDEX ON {FACTS} USING brin (customer_id) WITH (pages_per_range = 16)")
        cursor.execute(f"CREATE UNLOGGED TABLE {FIGURES} AS {running.figures_columns()}")
        cursor.execute(f"ANALYZE {FACTS} (customer_id, type)")
    build.save(update_fields=["facts"])


@transaction.atomic
def _next_slice(build: ProfileBuild, now: datetime, size: int) -> bool:
    """Gather the next customers and note how far that is; false when there are no more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(id) FROM (SELECT id FROM customers_customer WHERE id > %s ORDER BY id LIMIT %s) c",
            [build.through, size],
        )
        last = cursor.fetchone()[0]
        if last is None:
            return False
        running.settle()
        values: dict[str, Any] = running.parameters(build.as_of, now) | {"after": build.through, "to": last}
        known = f"(SELECT * FROM {FACTS} WHERE customer_id > %(after)s AND customer_id <= %(to)s) f"  # noqa: S608
        running.gather(known, "AND c.id > %(after)s AND c.id <= %(to)s", FIGURES, values)
        cursor.execute(f"SELECT count(*) FROM {FIGURES}")  # noqa: S608
        build.through, build.customers = last, cursor.fetchone()[0]
    build.save(update_fields=["through", "customers"])
    return True


@transaction.atomic
def _publish(build: ProfileBuild, now: datetime) -> None:
    running.settle()
    values = running.parameters(build.as_of, now) | {"started": build.started_at}
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {FIGURES} (customer_id)")
        newer = (
            "NOT EXISTS (SELECT FROM profiles_customerprofile newer"
            " WHERE newer.customer_id = f.customer_id AND newer.computed_at > %(started)s)"
        )
        build.customers = running.publish(FIGURES, values, fresh=newer)
        build.finished_at = now
        build.save(update_fields=["customers", "finished_at"])
        cursor.execute(f"DROP TABLE {FACTS}, {FIGURES}")


def _count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_customer")
        return int(cursor.fetchone()[0])
