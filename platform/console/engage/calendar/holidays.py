"""Public holidays of the countries that the shop sells to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import holidays
from django.conf import settings
from django.core.cache import cache
from django.db.models import Count
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from customers.models import Customer

#: Countries of so many of the customers, as a share, are the shop's too.
SHARE = 0.05
MOST = 4
_SECONDS = 3600
#: What calendars without a Chinese edition (the American, the British) call their days.
_IN_ENGLISH = (
    noop("New Year's Day"), noop("Martin Luther King Jr. Day"), noop("Washington's Birthday"),
    noop("Memorial Day"), noop("Juneteenth National Independence Day"), noop("Independence Day"),
    noop("Labor Day"), noop("Columbus Day"), noop("Veterans Day"), noop("Thanksgiving Day"),
    noop("Christmas Day"), noop("Second Day of Christmas"), noop("Boxing Day"), noop("Good Friday"),
    noop("Easter Sunday"), noop("Easter Monday"), noop("Ascension Day"), noop("Pentecost Monday"),
    noop("May Day"), noop("All Saints' Day"), noop("Spring Bank Holiday"), noop("German Unity Day"),
    noop("Canada Day"), noop("Australia Day"), noop("ANZAC Day"),
)  # fmt: skip
_OBSERVED = " (observed)"


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

    Their names are in the page's language where the country's calendar or Rapport knows it, else English,
    else as the country calls them.
    """
    found = []
    wanted = ({"zh-hans": "zh_CN"}.get(get_language() or "", "en_US"), "en_US")
    for country in of:
        spoken = getattr(getattr(holidays, country, None), "supported_languages", ())
        language = next((one for one in wanted if one in spoken), None)
        days = holidays.country_holidays(country, years=range(first.year, last.year + 1), language=language)
        found += [Holiday(day, _called(name), country) for day, name in days.items() if first <= day < last]
    return sorted(found, key=lambda h: (h.day, of.index(h.country)))


def _called(name: str) -> str:
    """Return a name in the page's language, where Rapport knows it by the English one."""
    plain = name.removesuffix(_OBSERVED)
    if plain not in _IN_ENGLISH:
        return name
    return _("%(holiday)s (observed)") % {"holiday": _(plain)} if plain != name else _(plain)
