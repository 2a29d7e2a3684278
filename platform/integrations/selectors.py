"""Reads of imports."""

from collections.abc import Iterator
from uuid import UUID

import orjson

from integrations.imports.shops import EXPORTS
from integrations.models import ImportRowError, ImportRun, SavedMapping


def by_key(key: UUID | str) -> ImportRun | None:
    """Return the import with a public id, or None."""
    return ImportRun.objects.select_related("job", "started_by", "api_key").filter(key=key).first()


def of_dry_run(run: ImportRun) -> bool:
    """Say whether the bad rows to show are those of the dry run: until the import itself has begun."""
    return run.position == 0


def first_errors(run: ImportRun, count: int) -> list[ImportRowError]:
    """Return the first bad rows of the latest pass over the file."""
    return list(ImportRowError.objects.filter(run=run, dry=of_dry_run(run)).order_by("line", "pk")[:count])


def cells_of(error: ImportRowError) -> list[str]:
    """Return a bad row's cells as they stood in the file; empty when the file has been removed."""
    return [str(cell) for cell in orjson.loads(error.raw)] if error.raw else []


def error_rows(run: ImportRun) -> Iterator[list[str]]:
    """Return the error file: a header, then each bad row with its line and reason before its own cells.

    Mended and uploaded again, the two first columns are passed over. Constant memory.
    """
    yield ["line", "reason", *run.columns]
    errors = ImportRowError.objects.filter(run=run, dry=of_dry_run(run)).order_by("line", "pk")
    for error in errors.iterator(chunk_size=2000):
        yield [str(error.line), error.reason, *cells_of(error)]


def sources() -> list[str]:
    """Return the names of sources whose mapping is remembered, and those of the ready ones."""
    known = set(SavedMapping.objects.values_list("source", flat=True)) | {e.shop for e in EXPORTS}
    return sorted(known)
