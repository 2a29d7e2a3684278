"""The figures of home: a period against the one before, read from the days' sums in a few milliseconds."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.core.cache import cache

from campaigns.impact import Impact, impact_of_shop
from campaigns.outcomes.daily.selectors import Course, course
from core import clock
from delivery.schedule.moments import at_local

#: The lengths that one may choose from, in days.
PERIODS = (7, 28, 90)
USUAL = 28
#: What campaigns caused is worked out again at most this often; what it reads changes hourly.
IMPACT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Figures:
    """The whole days of a period up to yesterday, those of the one before, and what campaigns caused."""

    current: Course
    before: Course
    impact: Impact
    impact_before: Impact

    @property
    def first(self) -> date:
        """Return the period's first day."""
        return self.current.days[0].day

    @property
    def last(self) -> date:
        """Return the period's last day."""
        return self.current.days[-1].day

    @property
    def empty(self) -> bool:
        """Say whether nothing was bought in either period."""
        return not (self.current.total.orders or self.before.total.orders)


def figures(end: datetime, length: int) -> Figures:
    """Return the figures of the `length` whole days before a moment and of as many before those.

    A day that is not over yet is left out, or the present would always look worse than the past. Ten small
    queries, of which four are answered from the cache for five minutes.
    """
    last = end.astimezone(clock.shop_zone()).date() - timedelta(days=1)
    first = last - timedelta(days=length - 1)
    whole = course(first - timedelta(days=length), last)
    return Figures(
        current=Course(whole.days[length:]),
        before=Course(whole.days[:length]),
        impact=_impact(first, last),
        impact_before=_impact(first - timedelta(days=length), first - timedelta(days=1)),
    )


def _impact(first: date, last: date) -> Impact:
    zone = clock.shop_zone()
    since, until = (at_local(day, time(), zone) for day in (first, last + timedelta(days=1)))
    key = f"home:impact:{zone}:{first}:{last}"
    found: Impact = cache.get_or_set(key, lambda: impact_of_shop(since, until), IMPACT_SECONDS)
    return found
