"""What an import changed, kept for its undo."""

from collections.abc import Sequence

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
    merged: dict[tuple[str, int], Change] = {}
    for thing, change in changes:
        first = merged.get((thing, change.object_id))
        merged[thing, change.object_id] = (
            Change(change.object_id, first.created, first.before, change.stamp) if first else change
        )
    frame = pl.DataFrame(
        {
            "run_id": [run.pk] * len(merged),
            "thing": [thing for thing, _pk in merged],
            "object_id": [pk for _thing, pk in merged],
            "created": [change.created for change in merged.values()],
            "before": [encrypt(c.before) if c.before else None for c in merged.values()],
            "stamp": [change.stamp for change in merged.values()],
        },
        schema_overrides={"before": pl.String},
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS import_journal (run_id bigint, thing varchar, object_id bigint,"
            " created boolean, before text, stamp timestamptz) ON COMMIT DELETE ROWS"
        )
        cursor.execute("TRUNCATE import_journal")
        copy_from_frame(frame, "import_journal")
        cursor.execute(
            f"INSERT INTO integrations_importchange ({_COLUMNS}) SELECT {_COLUMNS} FROM import_journal"  # noqa: S608
            " ORDER BY thing, object_id"
            " ON CONFLICT (run_id, thing, object_id) DO UPDATE SET stamp = excluded.stamp"
        )
