"""Moments by somebody's own clock.

A time that the clock skips (02:30 when it springs forward) is taken by the offset from before, so it is
03:30; one that comes twice is its first coming (RFC 5545, 3.3.5). A silence is compared as a span of real
time, so the hour that comes twice neither ends it early nor begins it again.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from delivery.rules.selectors import Window

#: Silences that follow each other without a gap for so long are looked at again then.
HORIZON = timedelta(days=60)


def at_local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the moment in UTC at which clocks in a zone show this time of this day."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def next_allowed(now: datetime, windows: Sequence[Window], zone: ZoneInfo, market: str) -> datetime:
    """Return the first moment from now on that lies in no silence: `now` itself when none holds."""
    moment = now
    while moment - now < HORIZON:
        ends = [end for window in windows if (end := _end_of(window, moment, zone, market))]
        if not ends:
            return moment
        moment = max(ends)
    return moment


def after_holidays(moment: datetime, zone: ZoneInfo, market: str) -> datetime:
    """Return the same time of day on the first day from then on that is no public holiday."""
    local = moment.astimezone(zone)
    day = local.date()
    while is_holiday(day, market):
        day += timedelta(days=1)
    return moment if day == local.date() else at_local(day, local.time().replace(fold=0), zone)


def next_working_moment(now: datetime, windows: Sequence[Window], zone: ZoneInfo, market: str) -> datetime:
    """Return the first moment from now on that lies in no silence and on no public holiday."""
    moment = now
    while moment - now < HORIZON:
        free = after_holidays(next_allowed(moment, windows, zone, market), zone, market)
        if free == moment:
            break
        moment = free
    return moment


def is_holiday(day: date, market: str) -> bool:
    """Say whether a day is a public holiday in the whole of a country; unknown countries have none."""
    return day in _holidays(market, day.year)


def _end_of(window: Window, moment: datetime, zone: ZoneInfo, market: str) -> datetime | None:
    """Return when the silence ends that holds at a moment, if one does."""
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        if day.weekday() in window.weekdays or (window.holidays and is_holiday(day, market)):
            last = day if window.ends > window.begins else day + timedelta(days=1)
            end = at_local(last, window.ends, zone)
            if at_local(day, window.begins, zone) <= moment < end:
                return end
    return None


@lru_cache(maxsize=512)
def _holidays(market: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(market, years=year))
    except NotImplementedError:
        return frozenset()
