"""Lists as CSV: streamed, and harmless in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

#: A cell that begins so is run as a formula by spreadsheets (OWASP, CSV Injection).
_RISKY = ("=", "+", "-", "@", "\t", "\r")
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
