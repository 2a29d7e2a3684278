"""The benchmark's tables: the events and their keys, filled in bulk, and an equal table for bare COPY."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from benchmarks.ingest.shop import COLUMNS, PRODUCTS
from core.partitions import ensure_partitions, months_between
from events.store import KEYS, TABLE

DATABASE = "benchmark_ingest"
BARE = "benchmark_event"
DEPTH = 300  # events of each customer of the stored ones, about
COPY = f"COPY {BARE} ({COLUMNS}) FROM STDIN WITH (FORMAT csv, NULL '')"


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


def execute(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return cursor.fetchall() if cursor.description else []


def server_address(name: str) -> str:
    """Return the database's address under another name."""
    return settings.DATABASE_URL.rpartition("/")[0] + f"/{name}"


def make_bare_table(now: datetime) -> None:
    """Create a table like the events', with the same partitions, indexes and sequence."""
    execute(f"CREATE TABLE {BARE} (LIKE {TABLE} INCLUDING ALL) PARTITION BY RANGE (occurred_at)")
    for table in (TABLE, BARE):
        ensure_partitions(table, months_between(now - timedelta(days=730), now))


def choose_people(count: int) -> int:
    """Keep the customers of `count` stored events in the table `seeded`. Return how many, a power of two."""
    people = 2 ** (count // DEPTH - 1).bit_length() // 2
    execute(
        "CREATE TABLE seeded AS SELECT row_number() OVER (ORDER BY c.id) - 1 AS place, c.id, i.id AS actor"
        " FROM customers_customer c JOIN customers_identifier i ON i.customer_id = c.id"
        f" ORDER BY c.id LIMIT {people}"
    )
    return people


def fill(start: int, stop: int, people: int, now: datetime) -> None:
    """Store events of two years with the numbers from `start` to `stop`, and their keys.

    The customers of `seeded` take turns at random. A million takes about 12 s: indexes are made afterwards.
    """
    numbers = f"generate_series({start}, {stop - 1}) n"
    with without_indexes(KEYS), without_indexes(TABLE):
        execute(f"INSERT INTO {KEYS} (source, message_id) SELECT 'seed', md5(n::text) FROM {numbers}")
        execute(
            f"INSERT INTO {TABLE} (source, message_id, type, actor_id, customer_id, product_id, quantity,"
            f" amount, currency, original_amount, properties, occurred_at, received_at)"
            f" SELECT 'seed', md5(n::text), 'view', c.actor, c.id, 1 + n %% {PRODUCTS}, 1, 9.90, 'USD', 9.90,"
            f" '{{\"store\": \"7\"}}', %s::timestamptz - random() * interval '729 days', %s"
            f" FROM {numbers} JOIN seeded c ON c.place = hashint8(n) & {people - 1}",
            now, now,
        )  # fmt: skip
    execute("VACUUM ANALYZE")
    say(f"  {stop:,} events stored")


@contextmanager
def without_indexes(table: str) -> Iterator[None]:
    """Drop a table's indexes and make them again at the end, of all its partitions at once."""
    primary = execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = 'p'",
        table,
    )
    others = execute(
        "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = %s::regclass AND NOT i.indisprimary",
        table,
    )
    for name, _ in primary:
        execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _ in others:
        execute(f'DROP INDEX "{name}"')
    yield
    for name, definition in primary:
        execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for _, definition in others:
        execute(definition.replace(" ON ONLY ", " ON "))
