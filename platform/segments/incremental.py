"""The incremental refresh: only customers who changed, in all segments at once.

Their events are set out once in a temporary table and the rules are compiled against it: the same SQL as
for everybody, on other tables, so both refreshes come to the same. What it cannot see is what changes by
time alone (“in the last 14 days” after 14 quiet days) and segments in which one customer's place depends
on others (top lists): the former wait for the next complete refresh, the latter are counted completely.
"""

import math
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F

from core.arrays import number_array
from events import changes
from segments import moves
from segments.compiler import compile_parts
from segments.models import Segment, SegmentRun
from segments.population import CHANGED
from segments.query import compose
from segments.refresh import OutOfOrderError, check_order, refresh_all
from segments.rules import RuleError
from segments.timeouts import TookTooLongError, statement_timeout

log = structlog.get_logger(__name__)

#: The name under which changed customers are taken from events, after profiles has had them.
CONSUMER = "segments"
AFTER = "profiles"
BATCH = 1_000
#: How long a batch belongs to who took it; a little longer than the task may run. Then it is taken again.
LEASE = timedelta(minutes=3)
#: How long one segment may take for a batch.
SECONDS = 20
#: Batches in one go; what is left waits for the next beat.
BATCHES = 50


def refresh_changed(*, as_of: datetime, now: datetime) -> int:
    """Look at the customers who changed since the last time, and return how many they were.

    A thousand customers and a hundred segments take about 3 s. A worker that dies leaves its customers to
    the next one; looking twice changes nothing. Who moves is noted as changed, too, since rules may ask for
    that: the next beat looks at them.
    """
    changes.fold(now)
    batches = min(BATCHES, math.ceil(changes.waiting(CONSUMER).customers / BATCH))
    looked_at, whole = 0, set[str]()
    for _batch in range(batches):
        taken = changes.take(CONSUMER, BATCH, now, lease=LEASE, after=AFTER)
        if not taken:
            break
        with transaction.atomic():
            whole |= refresh_customers([change.customer_id for change in taken], as_of=as_of, now=now)
            changes.acknowledge(CONSUMER, taken)
        looked_at += len(taken)
    if whole:
        refresh_all(as_of=as_of, now=now, slugs=sorted(whole), only_moves=True)
    return looked_at


@transaction.atomic
def refresh_customers(customer_ids: Sequence[int], *, as_of: datetime, now: datetime) -> set[str]:
    """Bring some customers' memberships up to a moment; return the short names that need a complete refresh.

    Segments that were never counted, or not since their rule changed, wait for their complete refresh.
    """
    started = time.monotonic()
    counted = Segment.objects.filter(kind=Segment.Kind.DYNAMIC, counted_version=F("version"))
    # First the segments, then the facts: older facts than those of a refresh that was waited for would
    # take back its moves.
    held = list(counted.select_for_update(no_key=True).order_by("slug"))
    _set_out(customer_ids)
    whole: set[str] = set()
    asked: list[Segment] = []
    for segment in held:
        try:
            check_order(segment, as_of)
            compiled = compile_parts(segment.rule, as_of=as_of, slug=segment.slug, population=CHANGED)
            if compiled.needs_everyone:
                whole.add(segment.slug)
                continue
            insert = compose(
                "INSERT INTO segment_now SELECT {segment}::uuid, q.customer_id FROM ({members}) q",
                segment=str(segment.pk),
                members=compiled.members,
            )
            with statement_timeout(SECONDS), connection.cursor() as cursor:
                cursor.execute(insert.sql, insert.params)
            asked.append(segment)
        except (RuleError, TookTooLongError, OutOfOrderError) as error:
            log.warning("segment_incremental_failed", segment=segment.slug, error=str(error))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE segment_now")
    moved = moves.apply(asked, at=as_of, now=now, only_asked=True)
    _note(asked, moved, len(customer_ids), as_of=as_of, now=now, started=started)
    return whole


def _set_out(customer_ids: Sequence[int]) -> None:
    """Put the customers and all their events into temporary tables."""
    ids = number_array(customer_ids)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS segment_changed, segment_asked, segment_fact, segment_now")
        cursor.execute(
            "CREATE TEMPORARY TABLE segment_changed ON COMMIT DROP AS"
            " SELECT c.id AS customer_id FROM customers_customer c WHERE c.id = ANY(%s::bigint[])",
            [ids],
        )
        cursor.execute("CREATE TEMPORARY TABLE segment_asked ON COMMIT DROP AS TABLE segment_changed")
        cursor.execute(
            "CREATE TEMPORARY TABLE segment_fact ON COMMIT DROP AS"
            " SELECT e.* FROM events_event e WHERE e.customer_id = ANY(%s::bigint[])",
            [ids],
        )
        cursor.execute("CREATE INDEX ON segment_fact (type, occurred_at)")
        cursor.execute(
            "CREATE TEMPORARY TABLE segment_now (segment_id uuid, customer_id bigint) ON COMMIT DROP"
        )
        cursor.execute("ANALYZE segment_changed, segment_asked, segment_fact")


def _note(
    asked: Sequence[Segment],
    moved: moves.Moves,
    looked_at: int,
    *,
    as_of: datetime,
    now: datetime,
    started: float,
) -> None:
    """Store sizes, and a run for each segment that somebody entered or left."""
    took = round((time.monotonic() - started) * 1000)
    runs = []
    for segment in asked:
        entered, left = moved.entered.get(str(segment.pk), 0), moved.left.get(str(segment.pk), 0)
        if entered or left:
            segment.size = (segment.size or 0) + entered - left
            run = SegmentRun(segment=segment, as_of=as_of, started_at=now, duration_ms=took, complete=False)
            run.size, run.entered, run.left, run.changed = segment.size, entered, left, looked_at
            runs.append(run)
    Segment.objects.bulk_update([run.segment for run in runs], ["size"])
    Segment.objects.filter(pk__in=[segment.pk for segment in asked]).update(refreshed_at=now)
    SegmentRun.objects.bulk_create(runs)
