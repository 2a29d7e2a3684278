"""Tables that hold rows about customers: what a merge, an erasure and an export do with them.

One `Rows` per table, registered by `hold` under the model's label, covers most tables; an app with a
rule of its own subclasses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, models

from customers.registries import Person, erasers, exporters, followers


@dataclass(frozen=True)
class Rows:
    """The rows of one table that belong to customers.

    A merge moves the merged customer's rows to the kept one. Where the kept customer has the same
    already (`once`: the columns that are unique with the customer, `()` for one row each), the merged
    one's is set aside, with the rows of `parts` that point at it, and comes back on undo. Cost: two
    statements by the table's customer index.
    """

    model: type[models.Model]
    #: Columns that are unique together with the customer; None where nothing is.
    once: tuple[str, ...] | None = None
    #: Where uniqueness is partial: SQL on the alias `t`.
    once_where: str = "true"
    column: str = "customer_id"
    #: Tables whose rows go and come back with one set aside: (model, column that points here).
    parts: tuple[tuple[type[models.Model], str], ...] = ()
    #: What an export says of each row, by column; empty for what says nothing about the person.
    shown: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """Return the table's name."""
        return self.model._meta.db_table

    @property
    def key(self) -> str:
        """Return the column of the primary key."""
        return str(self.model._meta.pk.column)

    def join(self, pairs: Sequence[tuple[int, int]], now: datetime) -> None:
        """Do nothing: rows about customers do not come by anonymous identifiers."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Move the rows; return the keys that moved, and what was set aside as PostgreSQL's own JSON."""
        data: dict[str, Any] = {}
        if self.once is not None:
            data |= self.set_aside(merged_id, self._taken(), kept_id)
        moved = _all(
            f'UPDATE {self.table} SET "{self.column}" = %s WHERE "{self.column}" = %s'  # noqa: S608
            f' RETURNING "{self.key}"::text',
            [kept_id, merged_id],
        )
        return data | ({"moved": moved} if moved else {})

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Move back what moved and is still there, and put back what was set aside."""
        if moved := data.get("moved"):
            kind = self.model._meta.pk.rel_db_type(connection)
            _run(
                f'UPDATE {self.table} SET "{self.column}" = %s WHERE "{self.column}" = %s'  # noqa: S608
                f' AND "{self.key}" = ANY(%s::{kind}[])',
                [merged_id, kept_id, moved],
            )
        self.put_back(data)

    def set_aside(self, customer_id: int, condition: str = "true", *params: Any) -> dict[str, Any]:
        """Delete a customer's rows under a condition on `t` and return them for `put_back`."""
        rows: dict[str, list[str]] = {}
        chosen = f't."{self.column}" = %s AND {condition}'
        for part, column in self.parts:
            rows[part._meta.db_table] = _all(
                f'DELETE FROM {part._meta.db_table} p WHERE p."{column}" IN'  # noqa: S608
                f' (SELECT t."{self.key}" FROM {self.table} t WHERE {chosen}) RETURNING to_jsonb(p)::text',
                [customer_id, *params],
            )
        rows[self.table] = _all(
            f"DELETE FROM {self.table} t WHERE {chosen} RETURNING to_jsonb(t)::text",  # noqa: S608
            [customer_id, *params],
        )
        found = {table: texts for table, texts in rows.items() if texts}
        return {"aside": found} if found else {}

    def put_back(self, data: dict[str, Any]) -> None:
        """Insert what was set aside, column by column as it was."""
        aside = data.get("aside", {})
        for table in (self.table, *(part._meta.db_table for part, _ in self.parts)):
            if texts := aside.get(table):
                restore(table, texts)

    def erase(self, person: Person, now: datetime) -> int:
        """Delete the person's rows with what points at them."""
        for part, column in self.parts:
            _run(
                f'DELETE FROM {part._meta.db_table} WHERE "{column}" IN'  # noqa: S608
                f' (SELECT "{self.key}" FROM {self.table} WHERE "{self.column}" = %s)',
                [person.customer_id],
            )
        return _run(f'DELETE FROM {self.table} WHERE "{self.column}" = %s', [person.customer_id])  # noqa: S608

    def export(self, customer_id: int) -> list[dict[str, Any]]:
        """Return what the table says about a person, a JSON object a row."""
        if not self.shown:
            return []
        rows = self.model._default_manager.filter(**{self.column: customer_id}).values(*self.shown)
        return [plain(row) for row in rows.order_by("pk")]

    def _taken(self) -> str:
        same = "".join(f' AND k."{name}" IS NOT DISTINCT FROM t."{name}"' for name in self.once or ())
        kept = self.once_where.replace("t.", "k.")
        return (
            f"({self.once_where}) AND EXISTS (SELECT FROM {self.table} k"
            f' WHERE k."{self.column}" = %s AND {kept}{same})'
        )


def hold(rows: Rows) -> None:
    """Register a table in all three registries under its model's label."""
    name = rows.model._meta.label_lower
    followers.add(name, rows)
    erasers.add(name, rows)
    exporters.add(name, rows)


def restore(table: str, texts: Sequence[str]) -> None:
    """Insert rows from the JSON that PostgreSQL made of them."""
    _run(
        f"INSERT INTO {table} SELECT r.* FROM jsonb_populate_recordset(NULL::{table},"  # noqa: S608
        " %s::jsonb) r ON CONFLICT DO NOTHING",
        [f"[{','.join(texts)}]"],
    )


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as plain JSON: moments as ISO texts, money as text."""
    return orjson.loads(orjson.dumps(row, default=str))  # type: ignore[no-any-return]


def _all(sql: str, params: Sequence[Any]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [value for (value,) in cursor.fetchall()]


def _run(sql: str, params: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)
