"""The calendar of promotions: who runs when, where they meet, and the public holidays beside them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from campaigns.promotions.models import Promotion
from campaigns.promotions.overlaps import Comparison, Overlap
from console.engage.calendar import holidays
from console.offers.base import OffersPage, State, state_of
from console.offers.suggestions import names_in
from console.offers.words import gives
from core import clock

MONTHS = 3
MOST = 100
MOST_MET = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A promotion on the calendar: where its bar begins and how wide it is, in percent of the span."""

    promotion: Promotion
    state: State
    gives: str
    left: str
    width: str
    opens: bool
    goes_on: bool
    meets: list[Overlap]
    more: int

    @property
    def met(self) -> int:
        """Return how many it meets."""
        return len(self.meets) + self.more


@dataclass(frozen=True, slots=True)
class Mark:
    """A month's first day or a holiday, with its place."""

    day: date
    name: str
    left: str
    width: str = ""


class Calendar(OffersPage):
    """Three months of promotions."""

    permission_required = ("promotions.view_promotion",)
    template_name = "console/offers/calendar.html"
    title = gettext_lazy("Calendar of promotions")
    tab = "offer_calendar"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the bars, the first to begin first. Four queries, and the names in their rules.

        No more than MOST are drawn, and of each no more than MOST_MET that it meets.
        """
        now, zone = clock.now(), clock.shop_zone()
        first = _month(self.request.GET.get("from"), now.astimezone(zone).date().replace(day=1))
        last = _shift(first, MONTHS)
        begins, ends = (datetime.combine(day, time(), tzinfo=zone) for day in (first, last))
        shown = Promotion.objects.filter(
            Q(starts_at=None) | Q(starts_at__lt=ends),
            Q(ends_at=None) | Q(ends_at__gt=begins),
            archived_at=None,
        )
        promotions = list(shown.order_by("starts_at", "name")[:MOST])
        names = names_in([p.benefit for p in promotions])
        on = [p for p in promotions if p.active]
        compared = Comparison(on)
        bars = [
            Bar(
                promotion=p,
                state=state_of(p, now),
                gives=gives(p, names),
                left=_place(p.starts_at, begins, ends),
                width=_length(p, begins, ends),
                opens=p.starts_at is None or p.starts_at < begins,
                goes_on=p.ends_at is None or p.ends_at > ends,
                meets=met[:MOST_MET],
                more=max(0, len(met) - MOST_MET),
            )
            for p in promotions
            for met in [_within(compared.of(p), begins, ends) if p.active else []]
        ]
        market = _market(self.request.GET.get("market"))
        return super().get_context_data(
            bars=bars,
            months=[
                Mark(
                    day,
                    date_format(day, "YEAR_MONTH_FORMAT"),
                    _at(day, first, last),
                    _at(_shift(day, 1), first, last, day),
                )
                for day in (_shift(first, n) for n in range(MONTHS))
            ],
            holidays=_holidays(market, first, last),
            market=market,
            markets=holidays.supported(),
            today=_at(now.astimezone(zone).date(), first, last)
            if first <= now.astimezone(zone).date() < last
            else "",
            before=f"{_shift(first, -MONTHS):%Y-%m}",
            after=f"{last:%Y-%m}",
            span=(first, last - timedelta(days=1)),
            may_add=self.request.user.has_perm("promotions.add_promotion"),
            **kwargs,
        )


def _month(text: str | None, otherwise: date) -> date:
    try:
        day = date.fromisoformat(f"{text}-01")
    except ValueError:
        return otherwise
    return day if 1900 < day.year < 2200 else otherwise


def _shift(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _at(day: date, first: date, last: date, since: date | None = None) -> str:
    return f"{(day - (since or first)).days / (last - first).days * 100:.3f}%"


def _place(at: datetime | None, begins: datetime, ends: datetime) -> str:
    return f"{_share(at or begins, begins, ends) * 100:.3f}%"


def _length(promotion: Promotion, begins: datetime, ends: datetime) -> str:
    start = _share(promotion.starts_at or begins, begins, ends)
    return f"{max(0.006, _share(promotion.ends_at or ends, begins, ends) - start) * 100:.3f}%"


def _share(at: datetime, begins: datetime, ends: datetime) -> float:
    return min(1.0, max(0.0, (at - begins) / (ends - begins)))


def _within(met: list[Overlap], begins: datetime, ends: datetime) -> list[Overlap]:
    return [
        one
        for one in met
        if (one.begins is None or one.begins < ends) and (one.ends is None or one.ends > begins)
    ]


def _market(text: str | None) -> str:
    known = holidays.supported()
    return text if text in known else settings.SHOP_COUNTRY if settings.SHOP_COUNTRY in known else "US"


def _holidays(market: str, first: date, last: date) -> list[Mark]:
    width = f"{100 / (last - first).days:.3f}%"
    free = holidays.between(first, last, [market])
    return [Mark(one.day, one.name, _at(one.day, first, last), width) for one in free]
