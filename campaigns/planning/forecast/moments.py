"""When a campaign would arrive: by zone and arm, with quiet hours, holidays and the clock's changes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.schedule.hours import hours_of, next_at
from campaigns.schedule.models import Late, Timing
from campaigns.schedule.slots import due_by_zone, first_slot
from delivery.rules.models import OnHolidays
from delivery.rules.selectors import Rules, rules_for
from delivery.schedule.moments import is_holiday, next_allowed, next_working_moment
from delivery.schedule.zones import zone_of


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """When it arrives in a zone, for an arm where each has its own hour.

    `due` is None where it is left out; `until` is set where it waits.
    """

    zone: str
    people: int
    due: datetime | None
    local: datetime | None
    until: datetime | None = None
    note: str = ""
    arm: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Those who are due together where they live: everybody, or an arm with an hour of its own."""

    name: str
    share: float
    hour: int | None


class Moment:
    """When a campaign would go: at one moment, or at the same hour of each zone."""

    def __init__(self, campaign: Campaign, now: datetime) -> None:
        self.campaign, self.now = campaign, now
        ready = campaign.at_time is not None and (campaign.timing != Timing.AT or campaign.on_day is not None)
        later = campaign.timing in (Timing.AT, Timing.RECURRING)
        self.slot = first_slot(campaign, now=now) if later and ready else None
        self.due = max(now, self.slot.at) if self.slot else now
        self.by_zone = bool(self.slot) and (campaign.each_zone or campaign.learned_hours)
        self.groups = _groups(campaign)

    def at(self, zone: ZoneInfo, hour: int | None) -> datetime | None:
        """Return the moment in a zone, at an arm's own hour where it has one; None where it is too late."""
        if hour is not None:
            return next_at(hour, zone, self.due)
        if not self.by_zone or self.slot is None:
            return self.due
        return due_by_zone(self.campaign, self.slot, now=self.now)(zone)

    def note(self, zone: ZoneInfo, due: datetime | None, hour: int | None) -> str:
        """Say what is unusual about the moment there: the hour has passed, or the clock changes."""
        at_time = self.campaign.at_time
        if self.slot is None or at_time is None or not self.by_zone or hour is not None:
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


def _groups(campaign: Campaign) -> list[Group]:
    """Return the arms when they have hours of their own, else everybody. Two queries at most."""
    hours = hours_of(campaign.experiment)
    if campaign.experiment is None or not hours:
        return [Group("", 1.0, None)]
    variants = list(campaign.experiment.variants.order_by("id"))
    whole = sum(variant.weight for variant in variants)
    return [Group(v.name, v.weight / whole, hours.get(v.key)) for v in variants]


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
    found: dict[tuple[str, str], ZoneLine] = {}
    whole: dict[str, int] = defaultdict(int)
    waiting = late = on_holiday = 0
    for (name, market), everybody in sorted(people_of.items()):
        zone = ZoneInfo(name)
        whole[name] += everybody
        for group, n in _shared(everybody, when.groups):
            due = when.at(zone, group.hour)
            until, holiday = _until(campaign, rules, due, zone, market) if due else (None, False)
            if due is None:
                late += n
            elif holiday:
                on_holiday += n
            elif until is not None:
                waiting += n
            note = when.note(zone, due, group.hour)
            line = ZoneLine(name, n, due, due and due.astimezone(zone), until, note, group.name)
            other = found.get((name, group.name))
            found[name, group.name] = (
                replace(line, people=n + other.people, until=until or other.until) if other else line
            )
    lines = sorted(found.values(), key=lambda line: (-whole[line.zone], line.zone))
    return lines, waiting, late, on_holiday


def _shared(people: int, groups: Sequence[Group]) -> Iterator[tuple[Group, int]]:
    """Yield each group with its part of the people; the parts add up."""
    before, share = 0, 0.0
    for group in groups:
        share += group.share
        upto = round(people * share)
        yield group, upto - before
        before = upto


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
