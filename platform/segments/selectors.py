"""Who is in a segment."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

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


def display_name(segment: Segment) -> str:
    """Return the name; that of a ready-made segment in the active language."""
    return _(segment.name) if segment.ready_made else segment.name


def display_description(segment: Segment) -> str:
    """Return the description; that of a ready-made segment in the active language."""
    return _(segment.description) if segment.ready_made and segment.description else segment.description
