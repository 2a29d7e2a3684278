"""Entering and leaving: the history of stays, and the events by which others hear of it.

Who belongs stands in a table `segment_now(segment_id, customer_id)`, whom it speaks of in `segment_asked`
or, where that is everybody, nowhere. Two statements bring the stays of any number of segments up to it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from events import services as events
from events.models import EventType
from segments.models import Cause, Segment
from segments.query import Query, compose

SOURCE = "segments"
#: Events that are written at once; 5,000 take about 150 ms.
BLOCK = 5_000

_LEAVE = """
UPDATE segments_segmentmembership m SET left_at = {at}, left_by = {cause}
WHERE m.segment_id = ANY({segments}::uuid[]) AND m.left_at IS NULL {asked}
  AND NOT EXISTS (
      SELECT FROM segment_now n WHERE n.segment_id = m.segment_id AND n.customer_id = m.customer_id
  )
RETURNING m.segment_id::text, m.id, m.customer_id
"""
_ENTER = """
INSERT INTO segments_segmentmembership (segment_id, customer_id, entered_at, entered_by)
SELECT n.segment_id, n.customer_id, {at}, {cause} FROM segment_now n
WHERE NOT EXISTS (
    SELECT FROM segments_segmentmembership m
    WHERE m.segment_id = n.segment_id AND m.customer_id = n.customer_id AND m.left_at IS NULL
)
ORDER BY n.segment_id, n.customer_id
"""
_RETURNING = " RETURNING segment_id::text, id, customer_id"
_ASKED = "AND m.customer_id IN (SELECT customer_id FROM segment_asked)"


class Moves(NamedTuple):
    """How many entered and left, by the segment's id as text."""

    entered: Mapping[str, int]
    left: Mapping[str, int]


def apply(
    segments: Sequence[Segment],
    *,
    at: datetime,
    now: datetime,
    cause: Cause = Cause.RULE,
    only_asked: bool = False,
) -> Moves:
    """Make who is in `segment_now` the members, write the events, and return how many moved.

    The caller holds the segments' rows. The first count of a segment writes no events: nobody entered
    then, it is where the history begins.
    """
    ids = [str(segment.pk) for segment in segments]
    asked = Query(_ASKED if only_asked else "", [])
    leave = compose(_LEAVE, at=at, cause=cause.value, segments=ids, asked=asked)
    enter = compose(_ENTER, at=at, cause=cause.value)
    with connection.cursor() as cursor:
        cursor.execute(leave.sql, leave.params)
        left = cursor.fetchall()
        if cause == Cause.FIRST:
            cursor.execute(enter.sql, enter.params)
            return Moves({ids[0]: cursor.rowcount}, {ids[0]: len(left)})
        cursor.execute(enter.sql + _RETURNING, enter.params)
        entered = cursor.fetchall()
    slugs = {str(segment.pk): segment.slug for segment in segments}
    for what, rows in ((EventType.SEGMENT_ENTERED, entered), (EventType.SEGMENT_LEFT, left)):
        for first in range(0, len(rows), BLOCK):
            block = rows[first : first + BLOCK]
            events.record([_event(what, slugs, *row, at=at, cause=cause) for row in block], now)
    return Moves(Counter(row[0] for row in entered), Counter(row[0] for row in left))


def _event(
    what: EventType,
    slugs: Mapping[str, str],
    segment: str,
    stay: int,
    customer: int,
    *,
    at: datetime,
    cause: Cause,
) -> dict[str, object]:
    return {
        "source": SOURCE,
        "message_id": f"{what.value}:{stay}",
        "type": what.value,
        "customer_id": customer,
        "occurred_at": at,
        "properties": {"segment": slugs[segment], "segment_id": segment, "stay": stay, "by": cause.value},
    }
