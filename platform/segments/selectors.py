"""Who is in a segment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core import clock
from segments.compiler import STAYS
from segments.models import Segment, SegmentMembership
from segments.query import Query, compose


def members_query(segment: Segment | None, *, as_of: datetime) -> Query:
    """Return `SELECT customer_id` of the members at a moment, as the refreshes found them.

    No segment means everyone.
    """
    if segment is None:
        return Query("SELECT c.id AS customer_id FROM customers_customer c", [])
    return compose(
        "SELECT m.customer_id FROM segments_segmentmembership m WHERE {stays}",
        stays=compose(STAYS, segment=str(segment.pk), as_of=as_of),
    )


def members(segment: Segment) -> QuerySet[SegmentMembership]:
    """Return the open stays with their customers."""
    return SegmentMembership.objects.filter(segment=segment, left_at=None).select_related("customer")


def segments_of(customer_ids: Sequence[int]) -> dict[int, list[Segment]]:
    """Return each customer's current segments, by name. One query."""
    found: dict[int, list[Segment]] = {customer_id: [] for customer_id in customer_ids}
    stays = SegmentMembership.objects.filter(customer_id__in=customer_ids, left_at=None)
    for stay in stays.select_related("segment").order_by("segment__name"):
        found[stay.customer_id].append(stay.segment)
    return found


def moves(segment: Segment) -> QuerySet[SegmentMembership]:
    """Return all stays with their customers, the latest first: `entered_by` and `left_by` say why."""
    return segment.memberships.select_related("customer").order_by("-entered_at", "-pk")


def size_history(segment: Segment, *, now: datetime, days: int = 90) -> list[dict[str, Any]]:
    """Return `{"at", "size", "entered", "left"}` for each of the shop's days with a refresh. One query.

    The size is that of the day's last refresh; who entered and left is counted over the whole day.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [str(clock.shop_zone()), segment.pk, now - timedelta(days=days)])
        rows = cursor.fetchall()
    return [dict(zip(("at", "size", "entered", "left"), row, strict=True)) for row in rows]


_HISTORY = """
SELECT (r.as_of AT TIME ZONE %s)::date AS day, (array_agg(r.size ORDER BY r.as_of DESC, r.id DESC))[1],
       sum(r.entered)::int, sum(r."left")::int
FROM segments_segmentrun r
WHERE r.segment_id = %s AND r.error = '' AND r.size IS NOT NULL AND r.as_of >= %s
GROUP BY day ORDER BY day
"""


def used_by(slug: str) -> list[Segment]:
    """Return the segments whose rules name one. One query; the rules are read here."""
    naming = Segment.objects.filter(kind=Segment.Kind.DYNAMIC).exclude(slug=slug).order_by("name")
    return [segment for segment in naming if slug in named_in(segment.rule)]


def named_in(rule: Any) -> set[str]:
    """Return the short names that a rule's JSON mentions, whether or not it can be used."""
    found, waiting = set(), [rule]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("segment"), str):
                found.add(part["segment"])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def display_name(segment: Segment) -> str:
    """Return the name; that of a ready-made segment in the active language."""
    return _(segment.name) if segment.ready_made else segment.name


def display_description(segment: Segment) -> str:
    """Return the description; that of a ready-made segment in the active language."""
    return _(segment.description) if segment.ready_made and segment.description else segment.description
