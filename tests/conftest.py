"""What all tests share: a migrated database that is copied, and emptied quickly after a test that commits."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.core.management.commands import flush
from django.core.management.sql import emit_post_migrate_signal, sql_flush
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, settings

from tests import template
from tests.template import KEPT

# How long an example takes says something about the machine, not about the property. The same examples each
# time: what a property does not hold for is looked for by hand, with --hypothesis-profile=exploring.
_UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("exploring", **_UNTIMED)
settings.register_profile("alike", derandomize=True, database=None, **_UNTIMED)
settings.load_profile("alike")

#: A table with more rows is truncated, which takes some ms and as long for a million.
FEW = 200
#: Append-only by a trigger, which lets nobody delete a row; nothing refers to it.
LEDGER = "promotions_budgetentry"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that at the end no process waits for another one's."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


class QuickFlush:
    """Empty only the tables that have rows, and leave those alone that would be filled alike again.

    Django truncates all tables and writes permissions and roles anew: half a second a test.
    """

    def __init__(self) -> None:
        self._kept: dict[str, int] = {}
        self._as_it_was = False

    def sql(self, style: Any, database: Any, *args: Any, **kwargs: Any) -> list[str]:
        """Return the statements that empty the database."""
        name = database.ops.quote_name
        tables = database.introspection.django_table_names(only_existing=True, include_views=False)
        rows = self._rows(database, {table: f"{name(table)} LIMIT {FEW + 1}" for table in tables})
        kept = self._rows(database, {table: name(table) for table in KEPT})
        self._as_it_was = kept == (self._kept or kept)
        self._kept = self._kept or kept
        if not self._as_it_was:
            return sql_flush(style, database, *args, **kwargs)
        full = {table: count for table, count in rows.items() if count and table not in KEPT}
        if any(count > FEW for count in full.values()):
            # A kept table may refer to none of the others, or CASCADE would reach it.
            return [f"TRUNCATE {', '.join(map(name, full))} CASCADE"]
        emptied = [f"TRUNCATE {name(LEDGER)}"] if full.pop(LEDGER, 0) else []
        return [*emptied, *(f"DELETE FROM {name(table)}" for table in full)]

    def signal(self, *args: Any, **kwargs: Any) -> None:
        """Let Django fill the tables again whose rows were not as at the beginning."""
        if not self._as_it_was:
            emit_post_migrate_signal(*args, **kwargs)

    @staticmethod
    def _rows(database: Any, sources: dict[str, str]) -> dict[str, int]:
        counts = [f"SELECT '{t}', (SELECT count(*) FROM (SELECT FROM {s}) s)" for t, s in sources.items()]
        with database.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(counts))
            return dict(cursor.fetchall())


@pytest.fixture(scope="session")
def _redis() -> Iterator[list[redis.Redis]]:
    """Return this process's two databases of Redis: the broker's and the cache's."""
    addresses = (django_settings.CELERY_BROKER_URL, django_settings.CACHES["default"]["LOCATION"])
    clients = [redis.Redis.from_url(address) for address in addresses]
    yield clients
    for client in clients:
        client.close()


@pytest.fixture(autouse=True)
def _nothing_remembered(_redis: list[redis.Redis]) -> None:
    """Begin each test without what others cached, counted or put into a queue; a third of a ms."""
    for client in _redis:
        client.flushdb()


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> Iterator[None]:
    quick = QuickFlush()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", quick.sql)
        patch.setattr(flush, "emit_post_migrate_signal", quick.signal)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, django_db_blocker) -> None:
    """Let each process copy a migrated database instead of migrating one of its own."""
    with django_db_blocker.unblock():
        copied = template.ensure()
    for each in connections.all():
        each.settings_dict["TEST"] |= {"TEMPLATE": copied, "MIGRATE": False}


@pytest.fixture
def as_migrated(db) -> None:
    """Fill the tables as migrating does, schedules and ready-made segments and all; else they are empty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [template.MIGRATED])
        for (table,) in cursor.fetchall():
            cursor.execute(f'INSERT INTO "{table}" SELECT * FROM {template.MIGRATED}."{table}"')


@pytest.fixture(scope="module")
def module_db(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Keep what the module's fixtures store for all of its tests; each test's own changes go with it.

    A fixture of the module's scope that asks for it may write; tests ask for `db` as ever, which is a
    savepoint within.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
