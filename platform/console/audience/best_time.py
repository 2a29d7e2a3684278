"""When a customer is most likely to read: the hours at which they act, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import NormalDist
from zoneinfo import ZoneInfo, available_timezones

from django.db.models.functions import TruncHour

from core import clock
from customers.models import Customer
from events.models import Event, EventType

#: What people do themselves, at a time of their choosing.
ACTS = (
    EventType.VIEW, EventType.SEARCH, EventType.ADD_TO_CART, EventType.CHECKOUT, EventType.PURCHASE,
    EventType.VISIT, EventType.RATING, EventType.REVIEW, EventType.MESSAGE_OPENED, EventType.MESSAGE_CLICKED,
)  # fmt: skip
DAYS = 365
#: Fewer acts than this say nothing about a habit.
ENOUGH = 10
#: A mail is written for a stretch of hours, not for a minute.
LENGTH = 3
HOURS = 24
_CHANCE = LENGTH / HOURS
#: The best of 24 stretches was looked for, so each is judged at a 24th of 5 % (Šidák 1967, two-sided).
_Z = NormalDist().inv_cdf(1 - (1 - 0.95 ** (1 / HOURS)) / 2)


@dataclass(frozen=True, slots=True)
class BestTime:
    """The three hours with most acts. `low` and `high` are the share's range, the search allowed for.

    `sure` is *clear* where even the low end is twice what an even spread gives, *some* where it is above
    that, else *none*; *unknown* below ten acts.
    """

    start: int
    acts: int
    within: int
    low: float
    high: float
    sure: str
    bars: tuple[float, ...]
    zone: str
    own_zone: bool

    @property
    def end(self) -> int:
        """Return the hour at which it ends."""
        return (self.start + LENGTH) % HOURS

    @property
    def chance(self) -> float:
        """Return the part that would fall into it if they acted at any hour alike."""
        return _CHANCE

    @property
    def share(self) -> float:
        """Return the part of all acts that falls into it."""
        return self.within / self.acts if self.acts else 0.0

    @property
    def hours(self) -> list[tuple[int, float, bool]]:
        """Return (hour, height from 0 to 1, whether it belongs to the best) for drawing."""
        return [(hour, bar, (hour - self.start) % HOURS < LENGTH) for hour, bar in enumerate(self.bars)]


def best_time(customer: Customer, until: datetime) -> BestTime:
    """Count a year of acts by hour in the customer's time zone, else the shop's. One indexed query.

    An hour counts once however much was done in it; what machines open and click does not count.
    """
    own = customer.time_zone in available_timezones()
    zone = ZoneInfo(customer.time_zone) if own else clock.shop_zone()
    acts = (
        Event.objects.filter(
            customer=customer,
            type__in=[act.value for act in ACTS],
            occurred_at__gt=until - timedelta(days=DAYS),
            occurred_at__lte=until,
        )
        .exclude(properties__contains={"machine": True})
        .annotate(hour=TruncHour("occurred_at", tzinfo=zone))
    )
    counts = [0] * HOURS
    for moment in acts.values_list("hour", flat=True).order_by().distinct():
        counts[moment.hour] += 1
    return _found(counts, str(zone), own)


def _found(counts: Sequence[int], zone: str, own: bool) -> BestTime:
    acts, most = sum(counts), max(counts) or 1
    stretches = [sum(counts[(start + n) % HOURS] for n in range(LENGTH)) for start in range(HOURS)]
    start = max(range(HOURS), key=lambda hour: (stretches[hour], -hour))
    low, high = _wilson(stretches[start], acts)
    sure = "unknown" if acts < ENOUGH else _sure(low)
    bars = tuple(count / most for count in counts)
    return BestTime(start, acts, stretches[start], low, high, sure, bars, zone, own)


def _sure(low: float) -> str:
    return "clear" if low > 2 * _CHANCE else "some" if low > _CHANCE else "none"


def _wilson(count: int, of: int) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    share, square = count / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    reach = _Z / (1 + square / of) * (share * (1 - share) / of + square / (4 * of * of)) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)
