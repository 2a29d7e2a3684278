"""Whether the database is as the code expects it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def ensure_tables() -> None:
    """Migrate our own embedded database where it is behind the code.

    Raises CommandError for a database of somebody else's: when that is migrated is theirs to say.
    """
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        if not getattr(settings, "EMBEDDED", False):
            raise CommandError("The database is behind the code. Run: python manage.py migrate")
        with fewer_collections():
            call_command("migrate", verbosity=0)
    connection.close()


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Let garbage lie for longer while all tables are made: 15 processor seconds instead of 18, for 100 MB.

    Each migration makes the models it touches anew, thousands in all, and Python would look through them
    again and again.
    """
    before = gc.get_threshold()
    gc.set_threshold(500_000, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)
