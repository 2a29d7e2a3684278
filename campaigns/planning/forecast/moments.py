"""When a campaign would arrive: by zone, with quiet hours, public holidays and changes of the clock."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.schedule.models import Late, Timing
from campaigns.schedule.slots import due_by_zone, first_slot
from delivery.rules.models import OnHolidays
from delivery.rules.selectors import Rules, rules_for
from delivery.schedule.moments import is_holiday, next_allowed, next_working_moment
from delivery.schedule.zones import zone_of


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """When it arrives in a zone. `due` is None where it is left out; `until` is set where it waits."""

    zone: str
    people: int
    due: datetime | None
    local: datetime | None
    until: datetime | None = None
    note: str = ""


class Moment:
    """When a campaign would go: at one moment, or at the same hour of each zone."""

    def __init__(self, campaign: Campaign, now: datetime) -> None:
        self.campaign, self.now = campaign, now
        ready = campaign.at_time is not None and (campaign.timing != Timing.AT or campaign.on_day is not None)
        later = campaign.timing in (Timing.AT, Timing.RECURRING)
        self.slot = first_slot(campaign, now=now) if later and ready else None
        self.due = max(now, self.slot.at) if self.slot else now
        self.by_zone = bool(self.slot) and (campaign.each_zone or campaign.learned_hours)

    def at(self, zone: ZoneInfo) -> datetime | None:
        """Return the moment in a zone, None where it is too late."""
        if not self.by_zone or self.slot is None:
            return self.due
        return due_by_zone(self.campaign, self.slot, now=self.now)(zone)

    def note(self, zone: ZoneInfo, due: datetime | None) -> str:
        """Say what is unusual about the moment there: the hour has passed, or the clock changes."""
        at_time = self.campaign.at_time
        if self.slot is None or at_time is None or not self.by_zone:
            return ""
        if due is None:
            return _("the hour has passed: left out")
        local = due.astimezone(zone)
        if local.date() != self.slot.day or due <= self.now:
            return (
                _("the hour has passed: at once")
                if self.campaign.late == Late.AT_ONCE
                else _("the hour has passed: tomorrow")
            )
        wall = local.replace(tzinfo=None)
        if wall.time().replace(second=0, microsecond=0) != at_time.replace(second=0, microsecond=0):
            return _("the clock jumps over this time that night")
        twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        return _("the clock shows this time twice that night: the first one") if twice else ""


def zones(
    campaign: Campaign, when: Moment, places: Sequence[tuple[str, str, int]]
) -> tuple[list[ZoneLine], int, int, int]:
    """Return when it arrives where, and how many wait, come too late, or have a holiday."""
    if campaign.timing == Timing.TRIGGERED:
        return [], 0, 0, 0
    rules = rules_for(campaign.channel, campaign.topic)
    people_of: dict[tuple[str, str], int] = defaultdict(int)
    for time_zone, country, n in places:
        market = country or settings.SHOP_COUNTRY
        people_of[zone_of(time_zone, market).key, market] += n
    found: dict[str, ZoneLine] = {}
    waiting = late = on_holiday = 0
    for (name, market), n in sorted(people_of.items()):
        zone = ZoneInfo(name)
        due = when.at(zone)
        until, holiday = _until(campaign, rules, due, zone, market) if due else (None, False)
        if due is None:
            late += n
        elif holiday:
            on_holiday += n
        elif until is not None:
            waiting += n
        line = ZoneLine(name, n, due, due and due.astimezone(zone), until, when.note(zone, due))
        other = found.get(name)
        found[name] = replace(line, people=n + other.people, until=until or other.until) if other else line
    lines = sorted(found.values(), key=lambda line: -line.people)
    return lines, waiting, late, on_holiday


def _until(
    campaign: Campaign, rules: Rules, due: datetime, zone: ZoneInfo, market: str
) -> tuple[datetime | None, bool]:
    """Return until when those of a place wait, and whether a public holiday leaves them out."""
    holiday = campaign.holidays != OnHolidays.SEND and is_holiday(due.astimezone(zone).date(), market)
    if holiday and campaign.holidays == OnHolidays.LEAVE_OUT:
        return None, True
    working = next_working_moment if campaign.holidays == OnHolidays.WAIT else next_allowed
    until = working(due, rules.windows(market), zone, market)
    return (until.astimezone(zone) if until > due else None), False
