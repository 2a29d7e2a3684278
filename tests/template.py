"""The migrated database that test databases are copies of: made once for a state of the migrations, kept.

Migrating takes twenty processor seconds, copying a quarter of one. As a program this makes that database, so
that several test processes need not wait for the first of them to make it.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from config.embedded.places import ROOT
from core.tables import fewer_collections

#: What decides what a fresh database holds besides the migrations and what they import.
_ALSO = (
    "platform/accounts/roles.py",
    "platform/core/schedules.py",
    "platform/core/fields.py",
    "platform/core/partitions.py",
    "platform/segments/ready_made.py",
    "requirements.txt",
    "tests/template.py",
)
_PREFIX = "test_template_"
#: Written after every migrate and the same for all tests: kinds of content, permissions and roles.
KEPT = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
#: The schema of what else a freshly migrated database holds: schedules, ready-made segments.
MIGRATED = "migrated"
#: Several checkouts may share a server; those of the latest few states stay.
_LATEST = 3
_LOCK = 0x7465_6D70


def ensure() -> str:
    """Return the name of the template, which is made first unless it is there. One at a time makes it."""
    name = _PREFIX + state()
    # The lock is held by a connection of its own; the other one changes databases meanwhile.
    guard = connection.copy("template")
    try:
        with guard._nodb_cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            cursor.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_template\\_%%' ORDER BY oid"
            )
            found = [row[0] for row in cursor.fetchall()]
            if name not in found:
                for old in found[: 1 - _LATEST]:
                    cursor.execute(f'DROP DATABASE IF EXISTS "{old}"')
                _make(cursor, name)
    finally:
        guard.close()
    return name


def state() -> str:
    """Return a name for what a fresh database holds: it changes with the migrations, and with the month.

    The partitions that migrations make are those of the months around the present one.
    """
    digest = hashlib.sha256(f"{datetime.now(UTC):%Y-%m}".encode())
    files = [p for top in ("platform", "campaigns") for p in (ROOT / top).glob("**/migrations/*.py")]
    for path in [*sorted(files), *(ROOT / name for name in _ALSO)]:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + Path(path).read_bytes())
    return digest.hexdigest()[:16]


def _set_aside() -> None:
    """Keep what migrations stored in a schema of its own; `as_migrated` brings it back."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {MIGRATED}")
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
            if cursor.fetchone()[0] and table not in KEPT:
                cursor.execute(f'CREATE TABLE {MIGRATED}."{table}" AS TABLE "{table}"')


def _make(cursor, name: str) -> None:
    unfinished = f"{name}_new"
    cursor.execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
    cursor.execute(f'CREATE DATABASE "{unfinished}"')
    kept = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = unfinished
    try:
        with fewer_collections():
            call_command("migrate", verbosity=0, interactive=False)
        _set_aside()
        # A test that commits empties the tables behind it: the first one begins as all others do.
        call_command("flush", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = kept
    cursor.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


if __name__ == "__main__":
    import django

    django.setup()
    ensure()
