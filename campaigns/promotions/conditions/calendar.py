"""Conditions about when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import holidays
from django.utils.translation import gettext as _

from campaigns.promotions.carts import Situation
from campaigns.promotions.vocabulary import RuleInvalid, only, period, whole
from core.clock import shop_zone
from delivery.schedule.moments import is_holiday

from .base import NOTHING


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """The shop's clock is within a period, on these weekdays (1 is Monday), between these hours."""

    start: datetime | None
    end: datetime | None
    weekdays: frozenset[int]
    hours: tuple[int, int] | None
    needs: ClassVar[frozenset[str]] = NOTHING
    on_cart: ClassVar[bool] = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "TimeWindow":
        """Read `from`, `until`, `weekdays` and `hours` (from inclusive, until exclusive)."""
        only(members, path, optional=("from", "until", "weekdays", "hours"))
        if not members:
            raise RuleInvalid(path, _("Give “from”, “until”, “weekdays” or “hours”."))
        start, end = period(members, path)
        days = members.get("weekdays", [])
        if not isinstance(days, list) or ("weekdays" in members and not days):
            raise RuleInvalid(f"{path}.weekdays", _("Write a list with at least one entry."))
        weekdays = frozenset(whole(day, f"{path}.weekdays", most=7) for day in days)
        hours = members.get("hours")
        if hours is not None:
            if not isinstance(hours, list) or len(hours) != 2:
                raise RuleInvalid(f"{path}.hours", _("Write two hours, as [8, 20]."))
            first, last = (whole(hour, f"{path}.hours", least=0, most=24) for hour in hours)
            if first >= last:
                raise RuleInvalid(f"{path}.hours", _("The first hour must lie before the second."))
            hours = (first, last)
        return cls(start, end, weekdays, hours)

    def missing(self, situation: Situation) -> str | None:
        """Compare with the shop's local time."""
        if self.start and situation.now < self.start:
            return _("This offer has not begun.")
        if self.end and situation.now >= self.end:
            return _("This offer is over.")
        local = situation.now.astimezone(shop_zone())
        if self.weekdays and local.isoweekday() not in self.weekdays:
            return _("This offer does not hold on this day of the week.")
        if self.hours and not self.hours[0] <= local.hour < self.hours[1]:
            return _("This offer does not hold at this hour.")
        return None


@dataclass(frozen=True, slots=True)
class OnHoliday:
    """It is a public holiday of a country, or so many days before one."""

    market: str
    days_before: int
    needs: ClassVar[frozenset[str]] = NOTHING
    on_cart: ClassVar[bool] = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "OnHoliday":
        """Read `market` (two capitals) and `days_before` (0 to 30)."""
        only(members, path, required=("market",), optional=("days_before",))
        market = members["market"]
        if not isinstance(market, str) or market not in holidays.list_supported_countries():
            raise RuleInvalid(f"{path}.market", _("Write a country whose holidays are known, as CN."))
        return cls(market, whole(members.get("days_before", 0), f"{path}.days_before", least=0, most=30))

    def missing(self, situation: Situation) -> str | None:
        """Look at today and the days ahead, in the shop's zone."""
        today = situation.now.astimezone(shop_zone()).date()
        days = (today + timedelta(days=ahead) for ahead in range(self.days_before + 1))
        if any(is_holiday(day, self.market) for day in days):
            return None
        return _("This offer holds on public holidays.")
