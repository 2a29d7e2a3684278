"""Whole rows as JSON and back, bit by bit, for what may have to be taken back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, models

from core.copy import copy_columns


def columns_of(model: type[models.Model]) -> list[str]:
    """Return the names of a table's columns."""
    return [field.column for field in model._meta.concrete_fields]


def snapshot(
    model: type[models.Model], ids: Sequence[int], *, order: str = "id"
) -> dict[int, dict[str, Any]]:
    """Lock rows in the order of a column and return them as PostgreSQL writes them in JSON. One query.

    Encrypted columns stay encrypted. The lock lets foreign keys to the rows pass. All writers of a table
    have to lock in the same order.
    """
    if not ids:
        return {}
    table, order = (connection.ops.quote_name(name) for name in (model._meta.db_table, order))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, to_jsonb(t) FROM {table} t WHERE id = ANY(%s)"  # noqa: S608
            f" ORDER BY {order} FOR NO KEY UPDATE",
            [list(ids)],
        )
        return {pk: _loaded(row) for pk, row in cursor.fetchall()}


def restore(model: type[models.Model], rows: Iterable[str]) -> int:
    """Write rows back as `snapshot` returned them (JSON text) and return how many. One query."""
    body = ",".join(rows)
    if not body:
        return 0
    quote = connection.ops.quote_name
    table, columns = quote(model._meta.db_table), [quote(c) for c in columns_of(model) if c != "id"]
    sets = ", ".join(f"{c} = r.{c}" for c in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} t SET {sets}"  # noqa: S608 (names of our own columns)
            f" FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) r WHERE t.id = r.id",
            [f"[{body}]"],
        )
        return int(cursor.rowcount)


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """Draw keys for rows that are about to be inserted. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(s) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS s OFFSET 0) q,"
            " generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def blank(model: type[models.Model]) -> dict[str, Any]:
    """Return a new row's columns with the defaults of its fields."""
    return {f.column: f.get_default() for f in model._meta.concrete_fields}


def insert(model: type[models.Model], rows: Iterable[str]) -> int:
    """Insert whole rows (JSON text, by column) and return how many. One query; 5,000 take about 60 ms."""
    body = ",".join(rows)
    if not body:
        return 0
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    columns = ", ".join(quote(c) for c in columns_of(model))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns})"  # noqa: S608 (names of our own columns)
            f" SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)",
            [f"[{body}]"],
        )
        return int(cursor.rowcount)


def copy_in(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert whole new rows, by column, by COPY in their order; return how many. 5,000 take about 40 ms.

    Raises IntegrityError where one exists. Values are texts, numbers, truth, moments or plain JSON.
    """
    if not rows:
        return 0
    columns = {name: [_text(row[name]) for row in rows] for name in columns_of(model)}
    return copy_columns(model._meta.db_table, columns)


def _text(value: Any) -> str | None:
    if value is None or value.__class__ is str:
        return value  # type: ignore[no-any-return]
    if isinstance(value, bool | dict | list):
        return orjson.dumps(value).decode()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def delete(model: type[models.Model], ids: Sequence[int]) -> None:
    """Delete rows with all that Django would delete with them, one query a table, loading no rows.

    5,000 customers take about 0.4 s, most of it PostgreSQL's checks of foreign keys at the commit.
    """
    if not ids:
        return
    _delete_with(model, f"{_quoted(model)}.id = ANY(%s)", list(ids))


def _delete_with(model: type[models.Model], condition: str, keys: list[int]) -> None:
    """Delete the rows that a condition names, after what points at them."""
    table, key = _quoted(model), connection.ops.quote_name(model._meta.pk.column)
    for relation in model._meta.related_objects:
        pointing, column = relation.related_model, connection.ops.quote_name(relation.field.column)
        target = _quoted(pointing)
        chosen = f"{target}.{column} IN (SELECT {table}.{key} FROM {table} WHERE {condition})"  # noqa: S608
        if key == '"id"' and condition == f"{table}.id = ANY(%s)":
            chosen = f"{target}.{column} = ANY(%s)"
        if relation.on_delete is models.CASCADE:  # type: ignore[union-attr]
            _delete_with(pointing, chosen, keys)
        elif relation.on_delete is models.SET_NULL:  # type: ignore[union-attr]
            _execute(f"UPDATE {target} SET {column} = NULL WHERE {chosen}", keys)  # noqa: S608
    _execute(f"DELETE FROM {table} WHERE {condition}", keys)  # noqa: S608


def _quoted(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def pointed_at(pointing: type[models.Model], column: str, ids: Sequence[int]) -> set[int]:
    """Return which of the keys a table's column holds. One query."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT k FROM unnest(%s::bigint[]) AS k WHERE EXISTS"  # noqa: S608
            f" (SELECT FROM {quote(pointing._meta.db_table)} t WHERE t.{quote(column)} = k)",
            [list(ids)],
        )
        return {pk for (pk,) in cursor.fetchall()}


def _execute(sql: str, keys: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [keys])


def _loaded(row: Any) -> dict[str, Any]:
    return json.loads(row) if isinstance(row, str) else row
