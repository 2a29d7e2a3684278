"""Refreshing segments, and filling lists, as long work that a person can start and watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import Progress, as_of
from accounts.models import User
from core import clock
from customers.models import Customer
from profiles.flows import who_went
from segments import lists
from segments.models import Segment
from segments.refresh import refresh_all


def refresh(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Refresh all segments, or those of `slugs`; the result says how many were refreshed."""
    runs = refresh_all(as_of=as_of(parameters), now=now, slugs=parameters.get("slugs"), progress=progress)
    return {"segments": len(runs)}


def fill_from_flow(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Put those on the list `segment` who went from state `left` to `right` between `before` and `after`.

    `user` is who asked for it. Doing it again adds nobody twice.
    """
    segment = Segment.objects.get(pk=parameters["segment"])
    user = User.objects.filter(pk=parameters.get("user")).first()
    before, after = (clock.parse_moment(parameters[side]) for side in ("before", "after"))
    people = who_went(before, after, parameters["left"], parameters["right"])
    entered = 0
    for start in range(0, len(people), lists.MOST):
        progress(start, len(people))
        keys = people[start : start + lists.MOST]
        names = Customer.objects.filter(pk__in=keys).values_list("external_id", flat=True)
        entered += lists.add(segment, list(names), now=now, user=user)["entered"]
    progress(len(people), len(people))
    return {"people": len(people), "entered": entered}
