"""What an import changed, kept for its undo."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl
from django.db import connection

from core.copy import copy_from_frame
from core.encryption import encrypt
from customers.loading import Change
from integrations.models import ImportRun

_COLUMNS = "run_id, thing, object_id, created, before, stamp"


def keep_changes(run: ImportRun, changes: Sequence[tuple[str, Change]]) -> None:
    """Store changes by COPY, in the transaction of the changes themselves.

    What an import changes twice keeps what it was before the first time, and the moment of the last.
    """
    if not changes:
        return
    # What was made just now cannot stand in the journal yet; it is most of a large file.
    new = {(thing, change.object_id): change for thing, change in changes if change.created}
    _append(run, new, "integrations_importchange")
    merged: dict[tuple[str, int], Change] = {}
    for thing, change in changes:
        if (thing, change.object_id) in new:
            continue
        first = merged.get((thing, change.object_id))
        merged[thing, change.object_id] = replace(first, stamp=change.stamp) if first else change
    if not merged:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS import_journal (run_id bigint, thing varchar, object_id bigint,"
            " created boolean, before text, stamp timestamptz) ON COMMIT DELETE ROWS"
        )
        cursor.execute("TRUNCATE import_journal")
        _append(run, merged, "import_journal")
        cursor.execute(
            f"INSERT INTO integrations_importchange ({_COLUMNS}) SELECT {_COLUMNS} FROM import_journal"  # noqa: S608
            " ORDER BY thing, object_id"
            " ON CONFLICT (run_id, thing, object_id) DO UPDATE SET stamp = excluded.stamp"
        )


def _append(run: ImportRun, changes: Mapping[tuple[str, int], Change], table: str) -> None:
    if changes:
        frame = pl.DataFrame(
            {
                "run_id": [run.pk] * len(changes),
                "thing": [thing for thing, _pk in changes],
                "object_id": [pk for _thing, pk in changes],
                "created": [change.created for change in changes.values()],
                "before": [encrypt(c.before) if c.before else None for c in changes.values()],
                "stamp": [change.stamp for change in changes.values()],
            },
            schema_overrides={"before": pl.String},
        )
        copy_from_frame(frame, table)
