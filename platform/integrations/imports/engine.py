"""Reading a file block by block: first without writing, then storing exactly once.

A block is one transaction that stores its rows, what an undo needs, the rows that were not taken, and the
new position. Killed between two blocks, the import goes on behind the last one; killed within one, that
block never happened. Whoever works on an import without owning its job any more is turned away by the
position's conditional update.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import polars as pl
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.jobs import Progress
from core import clock
from core.copy import copy_from_frame
from core.encryption import encrypt
from events import quality
from events.models import Note
from integrations.imports.content import Shape
from integrations.imports.fields import Plan
from integrations.imports.files import path_of
from integrations.imports.journal import keep_changes
from integrations.imports.kinds import KINDS, Context, ImportKind, Outcome
from integrations.imports.mapping import reading_of
from integrations.imports.reading import Row, Table
from integrations.models import ImportRowError, ImportRun, ImportState, Kind

_MAX_GROUP = 2000
_MAX_REASON = 500
_MAX_RAW = 20_000


class TakenOver(Exception):
    """Another worker has the import now."""


class OutOfTime(Exception):
    """The slice of time is over; a further job goes on."""


@dataclass(slots=True)
class Reader:
    """An import's file, with the plan to read it."""

    run: ImportRun
    kind: ImportKind
    table: Table
    plan: Plan

    @classmethod
    def of(cls, run: ImportRun) -> "Reader":
        """Open the file of an import as it was mapped."""
        table = table_of(run)
        kind = KINDS[run.kind]
        plan = Plan.make(kind.field_of, table.columns, run.mapping, reading_of(run.options))
        return cls(run, kind, table, plan)

    def blocks(self, start: int) -> Iterator[list[Row]]:
        """Return the rows behind a position in blocks; what belongs together is never parted."""
        place = next((p for p, name, *_rest in self.plan.steps if name == self.kind.group), None)
        block: list[Row] = []
        last: Any = None
        for row in self.table.rows(start):
            if len(block) >= self.kind.block_rows:
                value = row.cells[place] if place is not None and place < len(row.cells) else None
                same = place is not None and (value in (None, "") or value == last or bool(row.wrong))
                if not same or len(block) >= self.kind.block_rows + _MAX_GROUP:
                    yield block
                    block = []
            block.append(row)
            if place is not None and place < len(row.cells) and row.cells[place] not in (None, ""):
                last = row.cells[place]
        if block:
            yield block

    def context(self, now: datetime) -> Context:
        """Return what the kinds get to know about the import."""
        return Context(str(self.run.key), self.run.source, now, self.plan.reading)


def shape_of_run(run: ImportRun) -> Shape:
    """Return how the file is read: as found, but for what the person chose otherwise."""
    chosen = {n: run.options[n] for n in ("encoding", "delimiter") if run.options.get(n)}
    return Shape(**{**run.shape, **chosen})


def table_of(run: ImportRun) -> Table:
    """Open an import's file. Raises BadFile."""
    return Table(path_of(run.file), shape_of_run(run))


def check(run: ImportRun, now: datetime, progress: Progress) -> dict[str, Any]:
    """Read the whole file and say what would become of it. Nothing is written but the report and errors.

    200,000 customers take about 20 s; memory grows by some 100 bytes a row, to see what the file repeats.
    """
    reader = Reader.of(run)
    context = reader.context(now)
    ImportRowError.objects.filter(run=run, dry=True).delete()
    rows = rejected = 0
    total = Outcome()
    for block in reader.blocks(0):
        outcome = Outcome()
        records = reader.kind.read(block, reader.plan, outcome)
        reader.kind.check(records, context, outcome)
        rows += len(block)
        rejected += len(outcome.rejected)
        for name in ("created", "changed", "unchanged", "quarantined"):
            setattr(total, name, getattr(total, name) + getattr(outcome, name))
        _keep_errors(run, block, outcome, dry=True, left=settings.IMPORT_MAX_ERRORS - rejected)
        progress(rows, None, _("%(n)d rows checked") % {"n": rows})
    return {
        "rows": rows, "new": total.created, "changed": total.changed, "known": total.unchanged,
        "rejected": rejected,
    }  # fmt: skip


def store(run: ImportRun, now: datetime, progress: Progress, *, until: float | None = None) -> None:
    """Store what is behind the import's position. Raises TakenOver, OutOfTime or what went wrong.

    `until` is a moment of time.monotonic() behind which no new block is begun.
    """
    reader = Reader.of(run)
    total = (run.report or {}).get("rows")
    done = run.position
    for block in reader.blocks(run.position):
        if until is not None and time.monotonic() > until:
            raise OutOfTime
        _store_block(reader, block, done, clock.now())
        done += len(block)
        progress(done, total, _("%(n)d rows stored") % {"n": done})


def _store_block(reader: Reader, block: list[Row], position: int, now: datetime) -> None:
    run, outcome = reader.run, Outcome()
    records = reader.kind.read(block, reader.plan, outcome)
    with transaction.atomic():
        # Taken first: a second worker waits here, and then finds that the position has moved.
        owned = ImportRun.objects.filter(
            pk=run.pk, position=position, job=run.job_id, state=ImportState.RUNNING
        )
        if owned.update(position=position + len(block)) != 1:
            raise TakenOver
        reader.kind.store(records, reader.context(now), outcome)
        keep_changes(run, outcome.changes)
        _keep_errors(run, block, outcome, dry=False, left=settings.IMPORT_MAX_ERRORS)
        ImportRun.objects.filter(pk=run.pk).update(
            rows=F("rows") + len(block),
            accepted=F("accepted") + outcome.created,
            changed=F("changed") + outcome.changed,
            duplicates=F("duplicates") + outcome.unchanged,
            quarantined=F("quarantined") + outcome.quarantined,
            rejected=F("rejected") + len(outcome.rejected),
        )
        _note_quality(run, outcome, now)


def _note_quality(run: ImportRun, outcome: Outcome, now: datetime) -> None:
    """Tell the page on data quality what was refused or filled; events tell about themselves."""
    counts = {Note.REJECTED.value: len(outcome.rejected), **outcome.cleaned}
    if run.kind not in (Kind.EVENTS, Kind.ORDERS):
        counts |= {
            Note.ACCEPTED.value: outcome.created + outcome.changed,
            Note.DUPLICATE.value: outcome.unchanged,
        }
    quality.note(run.source, quality.shop_day(now), counts)


def _keep_errors(run: ImportRun, block: list[Row], outcome: Outcome, *, dry: bool, left: int) -> None:
    if not outcome.rejected or left <= 0:
        return
    rows = {row.line: row for row in block}
    kept = sorted(outcome.rejected)[:left]
    frame = pl.DataFrame(
        {
            "run_id": [run.pk] * len(kept),
            "line": [line for line, _reason in kept],
            "reason": [reason[:_MAX_REASON].replace("\0", "") for _line, reason in kept],
            "raw": [_sealed(rows[line]) for line, _reason in kept],
            "dry": [dry] * len(kept),
        }
    )
    copy_from_frame(frame, "integrations_importrowerror")


def _sealed(row: Row) -> str:
    cells = ["" if cell is None else str(cell)[:_MAX_CELL_SHOWN] for cell in row.cells]
    body = orjson.dumps([c.encode("utf-8", "backslashreplace").decode() for c in cells]).decode()
    return encrypt(body if len(body) <= _MAX_RAW else orjson.dumps([*cells[:1], "…"]).decode())


_MAX_CELL_SHOWN = 2000
