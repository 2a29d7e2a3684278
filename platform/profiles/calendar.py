"""The shop's calendar: public holidays and sales, which explain purchases by themselves.

Sales are what a person entered (SalePeriod) and what higher apps tell (`sales`), such as promotions.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

import holidays
from django.conf import settings
from django.db import transaction

from core import clock
from core.registry import Registry
from profiles.models import CalendarDay, SalePeriod

#: A longer one is how the shop always sells, not a sale.
LONGEST_SALE = timedelta(days=31)
#: How far back the calendar goes.
YEARS = 10


class Sale(NamedTuple):
    """Something that was sold at a discount to everybody from its first to its last day."""

    name: str
    starts_on: date
    ends_on: date


#: Who else knows of sales: functions of the first and the last day asked about.
sales: Registry[Callable[[date, date], Iterable[Sale]]] = Registry("source of sales")


@transaction.atomic
def refresh(as_of: datetime) -> int:
    """Write the calendar around a moment anew and return its days: a few hundred rows.

    It goes by the moment alone and reaches ahead, so that a fact that comes tomorrow finds its day.
    """
    day = as_of.astimezone(clock.shop_zone()).date()
    first, last = date(day.year - YEARS, 1, 1), date(day.year + 1, 12, 31)
    days: dict[date, CalendarDay] = {}
    for day, name in _holidays(first, last).items():
        days.setdefault(day, CalendarDay(day=day)).holiday = name[:200]
    for sale in _sales(first, last):
        for day in _days(max(sale.starts_on, first), min(sale.ends_on, last)):
            entry = days.setdefault(day, CalendarDay(day=day))
            entry.sale = ", ".join(filter(None, (entry.sale, sale.name)))[:200]
    CalendarDay.objects.all().delete()
    return len(CalendarDay.objects.bulk_create(days.values()))


def _holidays(first: date, last: date) -> dict[date, str]:
    try:
        known = holidays.country_holidays(
            settings.SHOP_COUNTRY, years=range(first.year, last.year + 1), language="en_US"
        )
    except NotImplementedError:  # the library does not know the country
        return {}
    return {day: name for day, name in known.items() if first <= day <= last}


def _sales(first: date, last: date) -> Iterable[Sale]:
    for period in SalePeriod.objects.filter(starts_on__lte=last, ends_on__gte=first).order_by(
        "starts_on", "pk"
    ):
        yield Sale(period.name, period.starts_on, period.ends_on)
    for _, told in sales:
        for sale in told(first, last):
            if sale.ends_on - sale.starts_on <= LONGEST_SALE:
                yield sale


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))
