"""The rows of a file, in blocks, in constant memory, from any position."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from django.utils.translation import gettext as _

from integrations.imports.content import CSV, JSONL, PARQUET, Shape
from integrations.imports.errors import BadFile
from integrations.imports.values import Nested

MAX_COLUMNS = 1000
MAX_CELL = 1_000_000
_HEADER = 200
_SEEN = 200
_BATCH = 20_000

# One limit for the whole process: a cell beyond it is a quote that was never closed.
csv.field_size_limit(MAX_CELL)


@dataclass(slots=True)
class Row:
    """A record of the file: where it begins, its cells by column, and what is wrong with its form."""

    line: int
    cells: list[Any]
    wrong: str = ""


class Table:
    """A stored file as rows. `columns` are unique names in the order of the file."""

    def __init__(self, path: Path, shape: Shape) -> None:
        self.path, self.shape = path, shape
        self.columns: list[str] = _COLUMNS[shape.format](path, shape)
        if not self.columns:
            raise BadFile(_("The file has no columns."))
        if len(self.columns) > MAX_COLUMNS:
            raise BadFile(
                _("The file has %(count)d columns; at most %(max)d are taken. Is the delimiter right?")
                % {"count": len(self.columns), "max": MAX_COLUMNS}
            )

    def rows(self, start: int = 0) -> Iterator[Row]:
        """Return the records after the first `start` ones."""
        if self.shape.format == PARQUET:
            return _parquet_rows(self.path, self.columns, start)
        read = _csv_rows if self.shape.format == CSV else _jsonl_rows
        return islice(read(self.path, self.shape, self.columns), start, None)

    def sample(self, count: int = _SEEN) -> list[Row]:
        """Return the first well-formed records."""
        return list(islice((row for row in self.rows() if not row.wrong), count))


def _open(path: Path, shape: Shape) -> io.TextIOWrapper:
    # A byte that is not in the encoding becomes half a surrogate pair, and its row is refused by name.
    errors = "surrogateescape" if shape.encoding.startswith("utf-8") else "replace"
    return path.open(encoding=shape.encoding, errors=errors, newline="")


def _unique(names: list[str]) -> list[str]:
    found: dict[str, int] = {}
    result = []
    for place, name in enumerate(names, start=1):
        plain = "".join(c for c in name.strip().strip("\ufeff") if c.isprintable())[:_HEADER]
        plain = plain.encode("utf-8", "replace").decode() or _("Column %(n)d") % {"n": place}
        found[plain] = found.get(plain, 0) + 1
        result.append(plain if found[plain] == 1 else f"{plain} ({found[plain]})")
    return result


def _csv_columns(path: Path, shape: Shape) -> list[str]:
    with _open(path, shape) as file:
        try:
            for header in csv.reader(file, delimiter=shape.delimiter):
                if any(cell.strip() for cell in header):
                    while len(header) > 1 and not header[-1].strip():
                        header.pop()
                    return _unique(header[: MAX_COLUMNS + 1]) if len(header) <= MAX_COLUMNS else header
        except csv.Error:
            raise BadFile(_("The first row cannot be read: a quote in it is never closed.")) from None
    raise BadFile(_("The file is empty."))


def _csv_rows(path: Path, shape: Shape, columns: list[str]) -> Iterator[Row]:
    width = len(columns)
    with _open(path, shape) as file:
        reader = csv.reader(file, delimiter=shape.delimiter)
        header = True
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Row(
                    line, [], _("A cell is longer than a million characters, or a quote is never closed.")
                )
                continue
            if not cells or (len(cells) == 1 and not cells[0].strip()):
                continue
            if header:
                header = False
                continue
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            if len(cells) == width:
                yield Row(line, cells)
            else:
                yield Row(line, cells[:MAX_COLUMNS], _ragged(len(cells), width))


def _ragged(found: int, width: int) -> str:
    return _("Has %(found)d cells where the header has %(width)d.") % {"found": found, "width": width}


def _flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested objects as `outer.inner`, three levels deep; lists and what is deeper stay JSON.

    The outer name stays beside its parts, so that an object in a column of texts is seen.
    """
    result: dict[str, Any] = {}
    for name, part in value.items():
        full = f"{before}{name}"
        if not isinstance(part, dict | list):
            result[full] = part
        elif isinstance(part, dict) and part and full.count(".") < 2:
            result |= {full: _Outer(orjson.dumps(part).decode()), **_flat(part, f"{full}.")}
        else:
            result[full] = Nested(orjson.dumps(part).decode())
    return result


class _Outer(Nested):
    """An object whose parts are columns of their own."""


def _jsonl_objects(path: Path, shape: Shape) -> Iterator[tuple[int, dict[str, Any] | str]]:
    with _open(path, shape) as file:
        line = 0
        while text := file.readline(MAX_CELL + 1):
            line += 1
            if len(text) > MAX_CELL and not text.endswith("\n"):
                while (rest := file.readline(MAX_CELL)) and not rest.endswith("\n"):
                    pass
                yield line, _("The line is longer than a million characters.")
                continue
            if not (text := text.strip().strip("\ufeff")):
                continue
            try:
                value = orjson.loads(text.encode("utf-8"))
            except (ValueError, UnicodeEncodeError):
                yield line, _("The line is not JSON.")
                continue
            if isinstance(value, dict):
                yield line, _flat(value)
            else:
                yield line, _("The line is not a JSON object.")


def _jsonl_columns(path: Path, shape: Shape) -> list[str]:
    names: dict[str, None] = {}
    for _line, value in islice(_jsonl_objects(path, shape), _SEEN):
        if isinstance(value, dict):
            names |= {name: None for name, part in value.items() if not isinstance(part, _Outer)}
    return list(names)


def _jsonl_rows(path: Path, shape: Shape, columns: list[str]) -> Iterator[Row]:
    for line, value in _jsonl_objects(path, shape):
        if isinstance(value, dict):
            yield Row(line, [value.get(name) for name in columns])
        else:
            yield Row(line, [], value)


def _parquet_columns(path: Path, shape: Shape) -> list[str]:
    try:
        return list(pl.read_parquet_schema(path))
    except (pl.exceptions.PolarsError, OSError, ValueError, BaseExceptionGroup):
        raise BadFile(_("The Parquet file is damaged. Write it again.")) from None


def _parquet_rows(path: Path, columns: list[str], start: int) -> Iterator[Row]:
    frame = pl.scan_parquet(path)
    place = start
    while True:
        block = frame.slice(place, _BATCH).collect()
        if not block.height:
            return
        for cells in block.iter_rows():
            place += 1
            yield Row(place, [_plain(cell) for cell in cells])


def _plain(cell: Any) -> Any:
    if isinstance(cell, dict | list):
        return Nested(orjson.dumps(cell, default=str).decode())
    if isinstance(cell, float) and cell != cell:
        return None  # pandas writes what is missing as NaN
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogateescape")
    return cell


_COLUMNS = {CSV: _csv_columns, JSONL: _jsonl_columns, PARQUET: _parquet_columns}
