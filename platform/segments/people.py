"""Who was in which segment, and what merges, erasures and exports do with it."""

from customers.holdings import Rows, hold
from segments.models import SegmentMembership


def register() -> None:
    """Say what happens to this app's tables."""
    hold(
        Rows(
            SegmentMembership,
            once=("segment_id",),
            once_where="t.left_at IS NULL",
            shown=("segment__name", "entered_at", "left_at"),
        )
    )
