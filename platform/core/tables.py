"""Whether the database is as the code expects it."""

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
        call_command("migrate", verbosity=0)
    connection.close()
