"""Statements that PostgreSQL plans once a connection: for calls that are answered by the thousand.

Planning a read of the facts goes through all months' partitions and costs more than the read itself. So one
plan for all values is kept from the first execution on; months that a value rules out are still left aside,
when the plan is run. PostgreSQL itself would plan each time, because a plan for one value looks cheaper
(postgresql.org/docs/current/runtime-config-query.html, plan_cache_mode).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

#: What each connection to the server knows; a new connection begins with nothing.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement with `$1`, `$2`, … and the names of their types. `name` is unique in the project."""

    name: str
    types: Sequence[str]
    sql: str

    def rows(self, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run it on the default connection and return its rows, if it has any.

        Behind a pooler that gives each transaction another server connection (which Django is told of by
        DISABLE_SERVER_SIDE_CURSORS) nothing is kept, and it is planned each time.
        """
        kept = not connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
        with connection.cursor() as cursor:
            if not kept:
                plain, order = self._plain()
                cursor.execute(plain, [values[at] for at in order])
                return list(cursor.fetchall()) if cursor.description else []
            known = _known.setdefault(connection.connection, set())
            if self.name not in known:
                # A transaction that is rolled back does not take a prepared statement with it.
                cursor.execute(
                    "SET plan_cache_mode = force_generic_plan;"
                    f" PREPARE {self.name}{_listed(self.types)} AS {self.sql}"
                )
                known.add(self.name)
            cursor.execute(f"EXECUTE {self.name}{_listed(['%s'] * len(self.types))}", values)
            return list(cursor.fetchall()) if cursor.description else []

    def _plain(self) -> tuple[str, list[int]]:
        """Return the statement with psycopg2's marks, and which value stands at each."""
        parts = self.sql.split("$")
        text, order = [parts[0].replace("%", "%%")], []
        for part in parts[1:]:
            digits = part[: len(part) - len(part.lstrip("0123456789"))]
            order.append(int(digits) - 1)
            text.append(f"%s::{self.types[order[-1]]}{part[len(digits) :].replace('%', '%%')}")
        return "".join(text), order


def _listed(words: Sequence[str]) -> str:
    return f" ({', '.join(words)})" if words else ""
