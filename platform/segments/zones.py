"""Moments by the shop's clock, or by each customer's own.

A moment in the customer's zone is computed here once for every zone there is, and joined by the zone's
name; so PostgreSQL converts nothing row by row, and a name that is no zone means the shop's.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from core import clock
from segments.query import Query, compose
from segments.rules.moments import When


@dataclass(slots=True)
class Clock:
    """Now, and the joins by which customers' zones are looked up. `c` is the customer."""

    as_of: datetime
    joins: list[Query] = field(default_factory=list)

    def moment(self, when: When, zone: str) -> datetime | Query:
        """Return a moment as a constant, or as an expression over a join that is added to `joins`."""
        at_shop = when.instant(self.as_of, clock.shop_zone())
        if zone == "shop" or when.exact:
            return at_shop
        instants = instants_by_zone(when, self.as_of)
        name = f"z{len(self.joins)}"
        self.joins.append(
            compose(
                f"LEFT JOIN (SELECT * FROM unnest({{names}}::text[], {{instants}}::timestamptz[])"  # noqa: S608
                f" AS zone(name, at)) {name} ON {name}.name = c.time_zone",
                names=list(instants),
                instants=list(instants.values()),
            )
        )
        return compose(f"coalesce({name}.at, {{shop}})", shop=at_shop)

    def today(self) -> date:
        """Return the shop's day."""
        return self.as_of.astimezone(clock.shop_zone()).date()

    def other_days(self) -> dict[date, list[str]]:
        """Return the zones in which it is another day than at the shop."""
        days: dict[date, list[str]] = defaultdict(list)
        for name, zone in zones().items():
            days[self.as_of.astimezone(zone).date()].append(name)
        days.pop(self.today(), None)
        return dict(days)


def instants_by_zone(when: When, as_of: datetime) -> dict[str, datetime]:
    """Return when it is that moment in each zone. 600 zones take about 3 ms."""
    return {name: when.instant(as_of, zone) for name, zone in zones().items()}


@cache
def zones() -> dict[str, ZoneInfo]:
    """Return all zones by name. Loading them takes 100 ms, once."""
    found = {}
    for name in sorted(available_timezones()):
        try:
            found[name] = ZoneInfo(name)
        except (OSError, ValueError):  # a broken file of the system's
            continue
    return found
