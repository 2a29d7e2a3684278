"""Lists as CSV: streamed, and harmless in a spreadsheet; and which lists can be taken out by whom.

Each app says in `lists` what its list looks like as a file; integrations.exports answers the admin's action.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from core.registry import Registry

#: A cell that begins so is run as a formula by spreadsheets, the wide forms by some (OWASP, CSV Injection).
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_ROWS_A_CHUNK = 500


def harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet runs: text that begins like a formula gets an apostrophe before it.

    Numbers stay numbers, also negative ones.
    """
    if isinstance(value, str) and value.startswith(_RISKY):
        return f"'{value}"
    return value


def csv_chunks(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Return rows as CSV in UTF-8 with its mark, by which Excel knows it. Constant memory."""
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    for count, row in enumerate(rows, start=1):
        writer.writerow([harmless(cell) for cell in row])
        if count % _ROWS_A_CHUNK == 0:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def csv_answer(rows: Iterable[Sequence[Any]], name: str) -> StreamingHttpResponse:
    """Stream rows as a CSV file that is downloaded."""
    answer = StreamingHttpResponse(csv_chunks(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an exported list. `personal` ones go only to those who may take personal data out."""

    name: str
    value: Callable[[Any], Any]
    personal: bool = False


def _same(queryset: QuerySet[Any]) -> QuerySet[Any]:
    return queryset


@dataclass(frozen=True, slots=True)
class ExportList:
    """A list that can be taken out as CSV: the permission it needs, its columns, and its rows.

    `rows` turns the chosen entries of the admin's list into the rows of the file, as segments into their
    members; its query carries what the columns read, so that no row asks again.
    """

    name: str
    label: Any
    permission: str
    columns: tuple[Column, ...]
    rows: Callable[[QuerySet[Any]], QuerySet[Any]] = _same


#: Exportable lists by the label of the model whose admin list they are taken from.
lists: Registry[ExportList] = Registry("exportable list")
#: What answers the admin's export action; integrations fills it in.
answers: Registry[Callable[[HttpRequest, Any, QuerySet[Any]], HttpResponseBase]] = Registry("export answer")


def may_export(user: Any, label: str) -> bool:
    """Say whether a person may take out the list of a model."""
    return label in lists and user.has_perm(lists.get(label).permission)
