"""Days in weeks, and bars over them: who lies in which lane."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from console.engage.calendar.entries import Entry
from console.engage.calendar.holidays import Holiday


@dataclass(frozen=True, slots=True)
class Bar:
    """An entry's part within one week: its column (1 to 7), how many days, and its lane from 1."""

    entry: Entry
    column: int
    days: int
    lane: int
    comes: bool
    goes: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its holidays, what is on it, and how much of that has no room."""

    day: date
    entries: tuple[Entry, ...]
    holidays: tuple[Holiday, ...]
    more: int
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days and the bars over them."""

    days: tuple[Day, ...]
    bars: tuple[Bar, ...]


def weeks(
    first: date, last: date, found: Sequence[Entry], free: Sequence[Holiday], *, month: int, lanes: int
) -> list[Week]:
    """Lay entries out over whole weeks. What finds no lane is counted on its days."""
    made = []
    begin = first
    while begin < last:
        end = begin + timedelta(days=7)
        bars, hidden = _bars(begin, [e for e in found if e.first < end and e.last >= begin], lanes)
        days = []
        for n in range(7):
            day = begin + timedelta(days=n)
            on = tuple(e for e in found if e.first <= day <= e.last)
            days.append(
                Day(
                    day,
                    on,
                    tuple(h for h in free if h.day == day),
                    more=sum(e.first <= day <= e.last for e in hidden),
                    outside=bool(month) and day.month != month,
                )
            )
        made.append(Week(tuple(days), tuple(bars)))
        begin = end
    return made


def _bars(begin: date, found: Sequence[Entry], lanes: int) -> tuple[list[Bar], list[Entry]]:
    """Give each entry the first lane that is free on all of its days; the longest first."""
    taken: list[list[bool]] = [[False] * 7 for _lane in range(lanes)]
    bars, hidden = [], []
    for entry in sorted(found, key=lambda e: (max(e.first, begin), -(e.last - e.first).days, e.title)):
        left = max(0, (entry.first - begin).days)
        right = min(6, (entry.last - begin).days)
        lane = next((n for n, used in enumerate(taken) if not any(used[left : right + 1])), None)
        if lane is None:
            hidden.append(entry)
            continue
        taken[lane][left : right + 1] = [True] * (right - left + 1)
        bars.append(
            Bar(
                entry,
                left + 1,
                right - left + 1,
                lane + 1,
                comes=entry.first < begin,
                goes=entry.last > begin + timedelta(days=6),
            )
        )
    return bars, hidden
