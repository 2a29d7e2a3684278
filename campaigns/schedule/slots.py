"""Which days a campaign goes on, and from which moment.

A slot is a day. It is launched when its hour comes: the shop's, or with `each_zone` the hour of those who
have it first (UTC+14), so that nobody's has passed yet. A slot that was missed (the platform was away) is
launched when it is found; of several missed ones only the last.
"""

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.learning.send_hours import DAY
from campaigns.schedule.models import Every, Late, Scheduled, Timing
from core import clock
from delivery.schedule.moments import at_local

#: Where a day begins first.
FIRST = ZoneInfo("Pacific/Kiritimati")
#: A launch so much after the hour is in time: beat comes every 30 seconds.
GRACE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Slot:
    """A day on which a campaign goes, and the moment from which on."""

    day: date
    at: datetime


def slot_on(plan: Scheduled, day: date) -> Slot:
    """Return the slot of a day."""
    assert plan.at_time is not None  # noqa: S101  the preflight asks for it
    if plan.learned_hours:  # the first hour of all that are tried
        return Slot(day, at_local(day, min(plan.at_time, time(DAY[0])), FIRST))
    return Slot(day, at_local(day, plan.at_time, FIRST if plan.each_zone else clock.shop_zone()))


def first_slot(plan: Scheduled, *, now: datetime) -> Slot | None:
    """Return the first slot of a campaign that is launched now, None when it has none.

    A campaign that goes once goes also when its moment has passed; a recurring one begins with a slot that
    is still to come.
    """
    if plan.timing == Timing.AT:
        assert plan.on_day is not None  # noqa: S101  the preflight asks for it
        return slot_on(plan, plan.on_day)
    if plan.timing != Timing.RECURRING:
        return None
    today = now.astimezone(clock.shop_zone()).date()
    begin = max(plan.on_day or today, today - timedelta(days=1))
    return next((slot for slot in _slots(plan, begin) if slot.at > now), None)


def latest_slot(plan: Scheduled, *, now: datetime) -> Slot:
    """Return the slot to launch: the one that waits, or the last one of several that were missed."""
    assert plan.next_day is not None and plan.next_at is not None  # noqa: S101  it is due
    found = Slot(plan.next_day, plan.next_at)
    if plan.timing == Timing.RECURRING:
        for slot in _slots(plan, plan.next_day):
            if slot.at > now:
                break
            found = slot
    return found


def slot_after(plan: Scheduled, day: date) -> Slot | None:
    """Return the slot after a day's, None after the last one."""
    if plan.timing != Timing.RECURRING:
        return None
    return next(_slots(plan, day + timedelta(days=1)), None)


def due_by_zone(plan: Scheduled, slot: Slot, *, now: datetime) -> Callable[[ZoneInfo], datetime | None]:
    """Return how to find out when a slot is due in a zone; None means too late there."""

    def due(zone: ZoneInfo) -> datetime | None:
        assert plan.at_time is not None  # noqa: S101  the preflight asked for it
        moment = at_local(slot.day, plan.at_time, zone)
        if moment >= now - GRACE:
            return moment
        if plan.late == Late.LEAVE_OUT:
            return None
        if plan.late == Late.AT_ONCE:
            return now
        local = now.astimezone(zone).date()
        today = at_local(local, plan.at_time, zone)
        return today if today >= now else at_local(local + timedelta(days=1), plan.at_time, zone)

    return due


def _slots(plan: Scheduled, begin: date) -> Iterator[Slot]:
    """Yield the slots from a day on. There is one at least every 31 days."""
    day = begin
    while plan.ends_on is None or day <= plan.ends_on:
        if _falls_on(plan, day):
            yield slot_on(plan, day)
        day += timedelta(days=1)


def _falls_on(plan: Scheduled, day: date) -> bool:
    match plan.every:
        case Every.WEEK:
            return day.weekday() in plan.weekdays
        case Every.MONTH:
            return day.day == min(plan.month_day, calendar.monthrange(day.year, day.month)[1])
        case _:
            return True
