"""The one way into the table of facts: keys first, then the facts whose keys were new.

Frames carry columns of `events_event`; `source`, `message_id`, `type`, `occurred_at` (UTC) and
`received_at` are needed, `properties` is JSON text, missing columns become null.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import polars as pl
from django.db import IntegrityError, connection, transaction

from core.arrays import text_array
from core.copy import copy_from_frame
from core.partitions import ensure_partitions, month_of
from events import changes
from events.retention import floor

TABLE = "events_event"
KEYS = "events_eventkey"
KEY = ["source", "message_id"]
# A block is a transaction: 200,000 facts take about 3 s and 120 MB at peak.
BLOCK_ROWS = 200_000


class Appended(NamedTuple):
    """How many facts were new, known already (or twice in the frame), and older than what is kept."""

    accepted: int
    duplicates: int
    too_old: int = 0


def ensure_months(moments: Iterable[datetime]) -> None:
    """Make the month partitions that facts of these times need. One query when they exist."""
    first, last = min(moments), max(moments)
    months = {month_of(first)} if (first.year, first.month) == (last.year, last.month) else None
    ensure_partitions(TABLE, sorted(months or {month_of(moment) for moment in moments}))


def claim_new(keys: Sequence[tuple[str, str]]) -> bool:
    """Insert keys when nobody has any of them, as it mostly is, and say whether they were inserted.

    `keys` are as for `claim`. 1,000 take about 3 ms, less than half of `claim`: each is looked for once, and
    the primary key refuses. Repeats mostly come as whole batches, which the ends of a batch betray, so
    that few attempts are in vain. Runs in the caller's transaction, in which the facts must follow.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {KEYS} (source, message_id)"  # noqa: S608
                " SELECT * FROM unnest(%s::varchar[], %s::varchar[])"
                f" WHERE NOT EXISTS (SELECT FROM {KEYS} WHERE (source, message_id) IN (%s, %s))",
                [text_array(s for s, _ in keys), text_array(m for _, m in keys), keys[0], keys[-1]],
            )
            return bool(cursor.rowcount)
    except IntegrityError:
        return False


def claim(keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]] | None:
    """Insert keys, and return those that nobody had; None when all were new, as they mostly are.

    `keys` are sorted pairs of source and message id, each once, so that batches that share keys wait for
    each other instead of locking each other out. Runs in the caller's transaction, in which the facts
    must follow. 1,000 take about 8 ms.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH new AS (INSERT INTO {KEYS} (source, message_id)"  # noqa: S608
            " SELECT * FROM unnest(%s::varchar[], %s::varchar[])"
            " ON CONFLICT DO NOTHING RETURNING source, message_id)"
            " SELECT array_agg(source), array_agg(message_id) FROM new HAVING count(*) < %s",
            [text_array(s for s, _ in keys), text_array(m for _, m in keys), len(keys)],
        )
        row = cursor.fetchone()
    return None if row is None else set(zip(row[0] or (), row[1] or (), strict=True))


def append(facts: pl.DataFrame) -> Appended:
    """Store the facts whose (source, message_id) is new, in blocks of one transaction each.

    A block is first tried as if all its keys were new, which the primary key decides: two plain COPYs.
    Only when it finds a known one are the keys claimed singly. Stopped half-way and run again, it
    stores exactly what is missing. Facts of months that are dropped already are left out.
    """
    accepted = too_old = 0
    for block in facts.iter_slices(BLOCK_ROWS):
        kept = block
        if (limit := floor(block["received_at"].max())) is not None:  # type: ignore[arg-type]
            kept = block.filter(pl.col("occurred_at") >= limit)
            too_old += block.height - kept.height
        if kept.height:
            ensure_months(kept["occurred_at"].dt.month_start().unique().to_list())
            accepted += _append_new(kept) if _starts_new(kept) else _append_some(kept)
    return Appended(accepted, facts.height - accepted - too_old, too_old)


def _starts_new(block: pl.DataFrame) -> bool:
    """Look whether the block's first key is unknown: a hint that spares most futile attempts."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT NOT EXISTS (SELECT FROM {KEYS} WHERE (source, message_id) = (%s, %s))",  # noqa: S608
            block.select(KEY).row(0),
        )
        return bool(cursor.fetchone()[0])


def _append_new(block: pl.DataFrame) -> int:
    try:
        with transaction.atomic():
            copy_from_frame(block.select(KEY).sort(KEY), KEYS)
            return _write(block)
    except IntegrityError:
        return _append_some(block)


@transaction.atomic
def _append_some(block: pl.DataFrame) -> int:
    new = claim(block.select(KEY).unique().sort(KEY).rows())
    if new is None:
        return _write(block.unique(KEY, keep="first", maintain_order=True))
    frame = pl.DataFrame(list(new), schema=dict.fromkeys(KEY, pl.String), orient="row")
    first = block.unique(KEY, keep="first", maintain_order=True)
    return _write(first.join(frame, on=KEY, how="semi", maintain_order="left"))


def _write(block: pl.DataFrame) -> int:
    if "customer_id" in block.columns and block.height:
        ids = block["customer_id"].drop_nulls().unique().to_list()
        changes.note(ids, block["received_at"].max())  # type: ignore[arg-type]
    return copy_from_frame(block, TABLE)
