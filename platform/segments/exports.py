"""The members of segments as a file."""

from typing import Any

from django.db.models import QuerySet

from core.exports import Column, ExportList, lists
from segments.models import SegmentMembership


def _members(chosen: QuerySet[Any]) -> QuerySet[Any]:
    open_ones = SegmentMembership.objects.filter(segment__in=chosen.values("pk"), left_at=None)
    return open_ones.select_related("segment", "customer").order_by("segment_id", "pk")


def register() -> None:
    """Offer who is in the chosen segments now."""
    columns = (
        Column("segment", lambda m: m.segment.name),
        Column("customer id", lambda m: m.customer.external_id),
        Column("first name", lambda m: m.customer.first_name, personal=True),
        Column("last name", lambda m: m.customer.last_name, personal=True),
        Column("e-mail", lambda m: m.customer.email, personal=True),
        Column("phone", lambda m: m.customer.phone, personal=True),
        Column("since", lambda m: m.entered_at.isoformat()),
    )
    permission = "integrations.export_segments"
    lists.add(
        "segments.segment", ExportList("segments", "members of segments", permission, columns, _members)
    )
