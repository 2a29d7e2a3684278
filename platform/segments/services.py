"""Writing segments: their rules, and who is in."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.jobs import Progress, silent
from accounts.models import User
from core.ids import uuid7
from segments.compiler import compile_rule
from segments.models import Segment, SegmentMembership, SegmentRun
from segments.query import Query, compose
from segments.ready_made import READY_MADE
from segments.rules import RuleError
from segments.timeouts import TookTooLongError, statement_timeout

log = structlog.get_logger(__name__)

#: A refresh runs in the background and may take this long.
REFRESH_SECONDS = 300


class SlugTakenError(ValueError):
    """Another segment has the short name."""


def save_segment(segment: Segment, *, now: datetime, user: User | None = None, actor: str = "") -> Segment:
    """Store a new or changed segment with its audit entry; a changed rule is a new version.

    Raises RuleError when the rule cannot be used, SlugTakenError when the short name is another's.
    """
    segment.slug = segment.slug or free_slug(segment.name)
    if segment.kind == Segment.Kind.DYNAMIC:
        compile_rule(segment.rule, as_of=now, slug=segment.slug)
    with transaction.atomic():
        before = Segment.objects.select_for_update().filter(pk=segment.pk).first()
        if Segment.objects.filter(slug=segment.slug).exclude(pk=segment.pk).exists():
            raise SlugTakenError(_("Another segment has the short name “%(slug)s”.") % {"slug": segment.slug})
        if before is None:
            segment.created_at = now
        elif before.rule != segment.rule:
            segment.version = before.version + 1
        segment.save()
        audit.record(
            action="segment.changed" if before else "segment.created",
            target=segment,
            now=now,
            user=user,
            actor=actor,
            before={"name": before.name, "rule": before.rule} if before else None,
            after={"name": segment.name, "rule": segment.rule},
        )
    return segment


def free_slug(name: str) -> str:
    """Return a short name made of a name, with a number where it is taken."""
    stem = slugify(name)[:90] or f"segment-{uuid7().hex[-8:]}"
    taken = set(Segment.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return stem if stem not in taken else next(slug for slug in numbered if slug not in taken)


def ensure_ready_made(*, now: datetime) -> int:
    """Create the ready-made segments whose short name is free. Return how many."""
    rows = [
        Segment(
            slug=made.slug,
            name=made.name,
            description=made.description,
            rule=made.rule,
            ready_made=True,
            created_at=now,
        )
        for made in READY_MADE
    ]
    known = set(Segment.objects.values_list("slug", flat=True))
    return len(
        Segment.objects.bulk_create([row for row in rows if row.slug not in known], ignore_conflicts=True)
    )


def refresh_segment(segment: Segment, *, as_of: datetime, now: datetime) -> SegmentRun:
    """Bring the members of a segment up to a moment: who entered, who left.

    Two set-based statements in one transaction. A run is stored either way; when the rule cannot be
    used or takes more than 5 minutes the run carries the error and the members stay as they were. A
    moment before the last refresh's is refused, since it would rewrite history.
    """
    started = time.monotonic()
    run = SegmentRun(segment=segment, as_of=as_of, started_at=now)
    try:
        with statement_timeout(REFRESH_SECONDS):
            run.entered, run.left, run.size = _refresh(segment, as_of, now)
    except (RuleError, TookTooLongError, OutOfOrderError) as error:
        run.error = str(error)
        log.warning("segment_refresh_failed", segment=segment.slug, error=run.error)
    run.duration_ms = round((time.monotonic() - started) * 1000)
    run.save(force_insert=True)
    return run


def refresh_all(
    *, as_of: datetime, now: datetime, slugs: Sequence[str] | None = None, progress: Progress = silent
) -> list[SegmentRun]:
    """Refresh every segment by rule, or those named. One that fails does not keep the others back."""
    segments = Segment.objects.filter(kind=Segment.Kind.DYNAMIC).order_by("slug")
    if slugs is not None:
        segments = segments.filter(slug__in=slugs)
    chosen = list(segments)
    runs = []
    for done, segment in enumerate(chosen):
        progress(done, len(chosen), segment.slug)
        runs.append(refresh_segment(segment, as_of=as_of, now=now))
    progress(len(chosen), len(chosen))
    return runs


class OutOfOrderError(ValueError):
    """A refresh as of a moment before that of an earlier refresh."""


def _refresh(segment: Segment, as_of: datetime, now: datetime) -> tuple[int, int, int]:
    Segment.objects.select_for_update().get(pk=segment.pk)
    last = segment.runs.filter(error="").order_by("-as_of").first()
    if last and last.as_of > as_of:
        raise OutOfOrderError(
            f"The segment is known as of {last.as_of:%Y-%m-%d %H:%M};"
            f" it cannot go back to {as_of:%Y-%m-%d %H:%M}."
        )
    if segment.kind == Segment.Kind.STATIC:
        members = compose(
            "SELECT customer_id FROM segments_segmentmembership WHERE segment_id = {id} AND left_at IS NULL",
            id=str(segment.pk),
        )
    else:
        members = compile_rule(segment.rule, as_of=as_of, slug=segment.slug)
    entered, left, size = apply_members(segment, members, at=as_of)
    Segment.objects.filter(pk=segment.pk).update(size=size, refreshed_at=now)
    segment.size, segment.refreshed_at = size, now
    return entered, left, size


_LEAVE = """
UPDATE segments_segmentmembership m SET left_at = {at}
WHERE m.segment_id = {segment} AND m.left_at IS NULL
  AND NOT EXISTS (SELECT FROM segment_now n WHERE n.customer_id = m.customer_id)
"""
_ENTER = """
INSERT INTO segments_segmentmembership (segment_id, customer_id, entered_at)
SELECT {segment}, n.customer_id, {at} FROM segment_now n
WHERE NOT EXISTS (
    SELECT FROM segments_segmentmembership m
    WHERE m.segment_id = {segment} AND m.customer_id = n.customer_id AND m.left_at IS NULL
)
"""


def apply_members(segment: Segment, members: Query, *, at: datetime) -> tuple[int, int, int]:
    """Make the customers of a query the members. Return how many entered, left and are in.

    The caller holds the segment's row. The query's answer is kept in a temporary table, for which
    PostgreSQL may compute it in parallel.
    """
    with connection.cursor() as cursor:
        create = compose("CREATE TEMPORARY TABLE segment_now AS {members}", members=members)
        cursor.execute(create.sql, create.params)
        size = cursor.rowcount
        cursor.execute("ANALYZE segment_now")
        leave = compose(_LEAVE, at=at, segment=str(segment.pk))
        cursor.execute(leave.sql, leave.params)
        left = cursor.rowcount
        enter = compose(_ENTER, at=at, segment=str(segment.pk))
        cursor.execute(enter.sql, enter.params)
        entered = cursor.rowcount
        cursor.execute("DROP TABLE segment_now")
    return entered, left, size


def replace_list(segment: Segment, external_ids: Sequence[str], *, at: datetime) -> dict[str, Any]:
    """Make the named customers the members of a list. Return the counts and the ids nobody has."""
    if segment.kind != Segment.Kind.STATIC:
        raise RuleError("kind", _("Only the members of a list can be given by hand."))
    with transaction.atomic():
        Segment.objects.select_for_update().get(pk=segment.pk)
        named = compose(
            "SELECT c.id AS customer_id FROM customers_customer c WHERE c.external_id = ANY({ids})",
            ids=list(external_ids),
        )
        entered, left, size = apply_members(segment, named, at=at)
        Segment.objects.filter(pk=segment.pk).update(size=size, refreshed_at=at)
        found = set(
            SegmentMembership.objects.filter(segment=segment, left_at=None).values_list(
                "customer__external_id", flat=True
            )
        )
    return {"entered": entered, "left": left, "size": size, "unknown": sorted(set(external_ids) - found)}
