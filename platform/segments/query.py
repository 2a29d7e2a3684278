"""SQL with its parameters, put together from parts without ever pasting a value into the text."""

import re
from typing import Any, NamedTuple

_TOKEN = re.compile(r"\{(\w+)\}")


class Query(NamedTuple):
    """A statement or an expression with `%s` placeholders, and their values in order."""

    sql: str
    params: list[Any]


def compose(template: str, **parts: Any) -> Query:
    """Fill a template's `{name}` tokens: a Query is embedded, any other value becomes a placeholder.

    A token may occur more than once; its parameters are repeated with it.
    """
    sql: list[str] = []
    params: list[Any] = []
    for index, piece in enumerate(_TOKEN.split(template)):
        if index % 2 == 0:
            sql.append(piece.replace("%", "%%"))
            continue
        part = parts[piece]
        if isinstance(part, Query):
            sql.append(part.sql)
            params.extend(part.params)
        else:
            sql.append("%s")
            params.append(part)
    return Query("".join(sql), params)


def join(separator: str, queries: list[Query]) -> Query:
    """Return the queries in a row with a constant text between them."""
    return Query(separator.join(q.sql for q in queries), [value for q in queries for value in q.params])
