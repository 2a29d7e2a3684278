"""In which zone a recipient lives: their own, else their country's, else the shop's.

A country of several zones is taken at the zone in which most of its people live, as listed in the time
zone database (zone.tab), which a phone number's or an address's region is not known well enough to better.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from core import clock

#: Where zone.tab does not begin with the zone of most people.
_MOST_PEOPLE = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty",
    "RU": "Europe/Moscow",
}
Query = tuple[str, Sequence[Any]]


def zone_of(time_zone: str, country: str) -> ZoneInfo:
    """Return a recipient's zone; a name that is none is passed over."""
    return _zone(time_zone) or _zone(zones_of_countries().get(country, "")) or clock.shop_zone()


@cache
def zones_of_countries() -> dict[str, str]:
    """Return the zone by which a country is taken as a whole, by its two letters."""
    found: dict[str, str] = {}
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _place, name = line.split("\t")[:3]
            found.setdefault(country, name)
    return found | _MOST_PEOPLE


def at_their_time(audience: Query, due_of: Callable[[ZoneInfo], datetime | None]) -> Query:
    """Return an audience in which each is due when `due_of` their zone says; None leaves them out as late.

    The zones that occur are asked first (one pass), then joined as a table: two statements for an audience
    of any size, and the clock's rules stand in one place, zoneinfo's.
    """
    sql, params = audience
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.time_zone, c.country"  # noqa: S608 (the audience's own text)
            f" FROM ({sql}) a JOIN customers_customer c ON c.id = a.customer_id",
            list(params),
        )
        places = cursor.fetchall()
    dues = [due_of(zone_of(*place)) for place in places]
    joined = (
        "SELECT a.customer_id, a.held_out, a.context,"  # noqa: S608
        " CASE WHEN z.place IS NULL THEN %s ELSE z.due_at END AS due_at"
        f" FROM ({sql}) a JOIN customers_customer c ON c.id = a.customer_id"
        " LEFT JOIN unnest(%s::text[], %s::text[], %s::timestamptz[], %s::int[])"
        " AS z (time_zone, country, due_at, place)"
        " ON z.time_zone = c.time_zone AND z.country = c.country"
    )
    values = [
        due_of(clock.shop_zone()),
        *params,
        [time_zone for time_zone, _ in places],
        [country for _, country in places],
        dues,
        list(range(len(places))),
    ]
    return joined, values


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None
