"""What the members of a segment are worth, beside everybody."""

from typing import Any

from django.core.cache import cache
from django.db.models import Avg, Count, Q, Sum

from profiles.models import CustomerProfile
from segments.models import Segment, SegmentMembership

SECONDS = 600
#: Figures compared, in the mean of each person.
_MEANS = ("orders", "revenue", "basket_value", "recency_days")


def worth_of(segment: Segment) -> dict[str, Any] | None:
    """Return the members' part of all revenue and their means beside everybody's, from the cache.

    One pass over the profiles, about 0.2 s for 200,000. None while nobody in it has a profile.
    """
    name = f"segments:worth:{segment.pk}:{segment.refreshed_at and segment.refreshed_at.timestamp()}"
    found: dict[str, Any] = cache.get_or_set(name, lambda: _counted(segment), SECONDS) or {}
    return found if found.get("people") else None


def _counted(segment: Segment) -> dict[str, Any]:
    inside = SegmentMembership.objects.filter(segment=segment, left_at=None).values("customer")
    these = Q(customer__in=inside)
    # One mean over those of whom the figure is known, as everywhere.
    means = {f"all_{name}": Avg(name) for name in _MEANS}
    theirs = {f"their_{name}": Avg(name, filter=these) for name in _MEANS}
    sums = {
        "people": Count("pk", filter=these),
        "revenue_of_all": Sum("revenue"),
        "revenue_of_these": Sum("revenue", filter=these),
    }
    found = CustomerProfile.objects.aggregate(**means, **theirs, **sums)
    revenue, everybody = found["revenue_of_these"], found["revenue_of_all"]
    return {
        "people": found["people"],
        "revenue_sum": revenue,
        "share": float(revenue / everybody) if revenue is not None and everybody else None,
        **{name: {"these": found[f"their_{name}"], "all": found[f"all_{name}"]} for name in _MEANS},
    }
