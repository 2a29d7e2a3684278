"""Public holidays of the countries that the shop sells to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import holidays
from django.conf import settings
from django.core.cache import cache
from django.db.models import Count
from django.utils.translation import get_language

from customers.models import Customer

#: Countries of so many of the customers, as a share, are the shop's too.
SHARE = 0.05
MOST = 4
_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday by name, in one country."""

    day: date
    name: str
    country: str


def supported() -> list[str]:
    """Return the countries whose holidays are known."""
    return sorted(holidays.list_supported_countries())


def countries() -> list[str]:
    """Return the shop's own country and those where a good part of its customers live."""
    return cache.get_or_set("calendar:countries", _countries, _SECONDS)  # type: ignore[no-any-return]


def _countries() -> list[str]:
    known = holidays.list_supported_countries()
    rows = list(
        Customer.objects.exclude(country="").order_by().values_list("country").annotate(n=Count("pk"))
    )
    whole = sum(n for _country, n in rows)
    large = [country for country, n in sorted(rows, key=lambda row: -row[1]) if n >= SHARE * whole]
    wanted = dict.fromkeys([settings.SHOP_COUNTRY, *large])
    return [country for country in wanted if country in known][:MOST]


def between(first: date, last: date, of: Sequence[str]) -> list[Holiday]:
    """Return the holidays of some countries, the last day not among them, by day.

    Their names are in the page's language where the calendar of the country knows it.
    """
    found = []
    language = {"zh-hans": "zh_CN"}.get(get_language() or "", "en_US")
    for country in of:
        spoken = getattr(getattr(holidays, country, None), "supported_languages", ())
        days = holidays.country_holidays(
            country, years=range(first.year, last.year + 1), language=language if language in spoken else None
        )
        found += [Holiday(day, name, country) for day, name in days.items() if first <= day < last]
    return sorted(found, key=lambda h: (h.day, of.index(h.country)))
