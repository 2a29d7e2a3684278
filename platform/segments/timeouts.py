"""A bound on how long a statement may take, and the planner's settings for statements over everybody."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DataError, OperationalError, connection, transaction
from django.utils.translation import gettext as _
from psycopg2 import errorcodes

from segments.rules import RuleError

#: For one large statement that somebody waits for: share it between the cores, keep its hashes in memory.
#: The server's own settings are for many small ones.
OVER_EVERYBODY = {
    "work_mem": "96MB",
    "parallel_setup_cost": "200",
    "parallel_tuple_cost": "0.005",
    "min_parallel_table_scan_size": "1MB",
}


class TookTooLongError(Exception):
    """PostgreSQL stopped a statement at its time limit."""


@contextmanager
def statement_timeout(seconds: float, *, over_everybody: bool = False) -> Iterator[None]:
    """Stop statements of the block that take longer. Raises TookTooLongError.

    Data that a rule's comparison cannot take raise RuleError; PostgreSQL's own words would tell them.

    The block is a transaction of its own or a savepoint of the caller's, which keeps its own settings.
    """
    wanted = {"statement_timeout": f"{int(seconds * 1000)}ms"} | (OVER_EVERYBODY if over_everybody else {})
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting(name), set_config(name, value, true)"
                " FROM unnest(%s::text[], %s::text[]) AS wanted(name, value)",
                [list(wanted), list(wanted.values())],
            )
            before = [row[0] for row in cursor.fetchall()]
            yield
            cursor.execute(
                "SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) AS t(name, value)",
                [list(wanted), before],
            )
    except DataError as error:
        code = getattr(error.__cause__, "pgcode", None)
        raise RuleError(
            "", _("Somebody's data cannot be compared in this way (PostgreSQL %(code)s).") % {"code": code}
        ) from None
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == errorcodes.QUERY_CANCELED:
            raise TookTooLongError(f"PostgreSQL was stopped after {seconds:g} s.") from error
        raise
