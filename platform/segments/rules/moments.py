"""Moments and spans as rules write them.

A moment is an ISO date or date-time (with an offset it is exact, without one it is read in a zone), or
the beginning of a day, week (Monday), month, quarter or year so many such units from now:
`{"start_of": "month", "shift": -1}`. A day that begins in the gap of a clock change begins after it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from dateutil.relativedelta import relativedelta
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from segments.rules.limits import RuleError, at
from segments.rules.values import choice, entries, number, single, text, whole

ANCHORS = ("day", "week", "month", "quarter", "year")
UNITS = ("hours", "days", "weeks", "months")
ZONES = ("shop", "customer")
#: The longest span of each unit: a hundred years.
_LONGEST = {"hours": 876_000, "days": 36_500, "weeks": 5_200, "months": 1_200}
_SHIFT = 36_500


@dataclass(frozen=True, slots=True)
class When:
    """A moment that may depend on the zone and on now."""

    local: datetime | None = None
    unit: str = ""
    shift: int = 0

    @property
    def exact(self) -> bool:
        """Say whether it is the same in every zone."""
        return self.local is not None and self.local.tzinfo is not None

    def instant(self, as_of: datetime, zone: tzinfo) -> datetime:
        """Return the moment in UTC."""
        if self.local is None:
            return self._start(as_of.astimezone(zone)).replace(tzinfo=zone).astimezone(UTC)
        return (self.local if self.exact else self.local.replace(tzinfo=zone)).astimezone(UTC)

    def _start(self, here: datetime) -> datetime:
        day = here.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0, fold=0)
        match self.unit:
            case "week":
                day = day - timedelta(days=day.weekday()) + timedelta(weeks=self.shift)
            case "month":
                day = day.replace(day=1) + relativedelta(months=self.shift)
            case "quarter":
                day = day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)
                day += relativedelta(months=3 * self.shift)
            case "year":
                day = day.replace(day=1, month=1) + relativedelta(years=self.shift)
            case _:
                day = day + timedelta(days=self.shift)
        return day


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time; a month is a calendar month."""

    unit: str
    count: int

    def before(self, moment: datetime) -> datetime:
        """Return the moment by the span earlier."""
        earlier: datetime = moment - relativedelta(**{self.unit: self.count})
        return earlier


def moment(value: Any, path: str) -> When:
    """Read a moment. Raises RuleError."""
    if isinstance(value, dict):
        given = entries(value, path, ("start_of", "shift"))
        unit = choice(given.get("start_of"), at(path, "start_of"), ANCHORS)
        shift = number(given.get("shift", 0), at(path, "shift"))
        if not isinstance(shift, int) or abs(shift) > _limit(unit):
            raise RuleError(
                at(path, "shift"), _("Write a whole number of at most %(n)d.") % {"n": _limit(unit)}
            )
        return When(unit=unit, shift=shift)
    written = text(value, path)
    try:
        found = parse_datetime(written) or datetime.fromisoformat(written)
    except ValueError:
        found = None
    # A margin at both ends of the calendar, so that no zone leads out of it.
    if found is None or not 2 <= found.year <= 9998:
        raise RuleError(
            path,
            _("“%(text)s” is not a date. Write 2017-11-06 or 2017-11-06T10:00:00Z.") % {"text": written[:50]},
        )
    return When(local=found)


def _limit(unit: str) -> int:
    return {"day": _SHIFT, "week": 5_200, "month": 1_200, "quarter": 400, "year": 100}[unit]


def moments(value: Any, path: str) -> list[When]:
    """Read two moments, the first and the one after the last. Raises RuleError."""
    if not isinstance(value, list) or len(value) != 2:
        raise RuleError(path, _("Write two dates, the first and the one after the last."))
    return [moment(item, f"{path}[{i}]") for i, item in enumerate(value)]


def span(value: Any, path: str) -> Span:
    """Read a span such as {"hours": 24}. Raises RuleError."""
    unit, count = single(value, path, UNITS)
    return Span(unit, whole(count, at(path, unit), _LONGEST[unit]))


def zone(value: Any, path: str) -> str:
    """Read whose clock counts. Raises RuleError."""
    return choice(value, path, ZONES)
