"""The complete refresh: who belongs to a segment, asked of everybody."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, connection

from accounts.jobs import Progress, silent
from segments import moves
from segments.compiler import compile_rule
from segments.models import Cause, Segment, SegmentRun
from segments.query import Query, compose
from segments.rules import RuleError
from segments.timeouts import TookTooLongError, statement_timeout

log = structlog.get_logger(__name__)

#: A refresh runs in the background and may take this long.
SECONDS = 300
#: How long refreshes are kept; of the incremental ones only those that moved somebody are stored at all.
KEPT = timedelta(days=400)


class OutOfOrderError(ValueError):
    """A refresh as of a moment before that of an earlier refresh."""


def refresh_segment(
    segment: Segment, *, as_of: datetime, now: datetime, only_moves: bool = False
) -> SegmentRun:
    """Bring the members of a segment up to a moment: who entered, who left.

    Set-based, in one transaction with its run: a worker that dies leaves neither moves nor a run behind.
    When the rule cannot be used or takes more than 5 minutes a run carries the error and the members
    stay as they were. A moment before the
    last refresh's is refused, since it would rewrite history. With `only_moves` a run in which nobody
    moved and nothing failed is not stored: who looks every 20 s would fill the table with nothing.
    """
    started = time.monotonic()
    run = SegmentRun(segment=segment, as_of=as_of, started_at=now)
    try:
        with statement_timeout(SECONDS, over_everybody=True):
            _refresh(segment, run, as_of, now)
            run.duration_ms = _milliseconds_since(started)
            if not only_moves or run.entered or run.left:
                run.save(force_insert=True)
    except (RuleError, TookTooLongError, OutOfOrderError) as error:
        run = SegmentRun(segment=segment, as_of=as_of, started_at=now, error=str(error))
        run.duration_ms = _milliseconds_since(started)
        run.save(force_insert=True)
        log.warning("segment_refresh_failed", segment=segment.slug, error=run.error)
    return run


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def refresh_all(
    *,
    as_of: datetime,
    now: datetime,
    slugs: Sequence[str] | None = None,
    progress: Progress = silent,
    only_moves: bool = False,
) -> list[SegmentRun]:
    """Refresh every segment by rule, or those named. One that fails or goes keeps no other back."""
    segments = Segment.objects.filter(kind=Segment.Kind.DYNAMIC).order_by("slug")
    if slugs is not None:
        segments = segments.filter(slug__in=slugs)
    chosen = list(segments)
    runs = []
    for done, segment in enumerate(chosen):
        progress(done, len(chosen), segment.slug)
        try:
            runs.append(refresh_segment(segment, as_of=as_of, now=now, only_moves=only_moves))
        except (Segment.DoesNotExist, IntegrityError):
            log.info("segment_removed_meanwhile", segment=segment.slug)
    progress(len(chosen), len(chosen))
    if slugs is None:
        SegmentRun.objects.filter(started_at__lt=now - KEPT).delete()
    return runs


def check_order(segment: Segment, as_of: datetime) -> None:
    """Raise OutOfOrderError when the segment is known as of a later moment."""
    last = segment.runs.filter(error="").order_by("-as_of").first()
    if last and last.as_of > as_of:
        raise OutOfOrderError(
            f"The segment is known as of {last.as_of:%Y-%m-%d %H:%M};"
            f" it cannot go back to {as_of:%Y-%m-%d %H:%M}."
        )


def _refresh(segment: Segment, run: SegmentRun, as_of: datetime, now: datetime) -> None:
    held = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    check_order(segment, as_of)
    if held.kind == Segment.Kind.STATIC:
        run.size = segment.memberships.filter(left_at=None).count()
    else:
        members = compile_rule(held.rule, as_of=as_of, slug=held.slug)
        run.size = gather(held, members)
        moved = moves.apply([held], at=as_of, now=now, cause=_cause(held))
        run.entered, run.left = moved.entered.get(str(held.pk), 0), moved.left.get(str(held.pk), 0)
    figures = {"size": run.size, "refreshed_at": now, "counted_version": held.version}
    Segment.objects.filter(pk=segment.pk).update(**figures)
    for name, value in figures.items():
        setattr(segment, name, value)


def _cause(segment: Segment) -> Cause:
    if segment.refreshed_at is None:
        return Cause.FIRST
    return Cause.RULE if segment.counted_version in (None, segment.version) else Cause.EDITED


def gather(segment: Segment, members: Query) -> int:
    """Put who belongs into `segment_now` and return how many there are.

    PostgreSQL computes what fills a new table in parallel, which it does for no INSERT.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS segment_now")
        create = compose(
            "CREATE TEMPORARY TABLE segment_now ON COMMIT DROP AS"
            " SELECT {segment}::uuid AS segment_id, q.customer_id FROM ({members}) q",
            segment=str(segment.pk),
            members=members,
        )
        cursor.execute(create.sql, create.params)
        size = int(cursor.rowcount)
        cursor.execute("ANALYZE segment_now")
    return size
