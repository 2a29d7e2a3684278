"""A bound on how long a statement may take."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg2 import errorcodes


class TookTooLongError(Exception):
    """PostgreSQL stopped a statement at its time limit."""


@contextmanager
def statement_timeout(seconds: float) -> Iterator[None]:
    """Stop statements of the block that take longer. Raises TookTooLongError.

    The block is a transaction of its own or a savepoint of the caller's, which keeps its own limit.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            (before,) = cursor.fetchone()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{int(seconds * 1000)}ms"])
            yield
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == errorcodes.QUERY_CANCELED:
            raise TookTooLongError(f"PostgreSQL was stopped after {seconds:g} s.") from error
        raise
