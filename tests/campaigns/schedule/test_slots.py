"""Which days a campaign goes on, and when that is in each zone."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from campaigns.models import Campaign
from campaigns.schedule.slots import due_by_zone, first_slot, latest_slot, slot_after, slot_on

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def in_berlin(settings):
    settings.SHOP_TIME_ZONE = "Europe/Berlin"


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def plan(**fields):
    return Campaign(**{"timing": "recurring", "at_time": time(9), "every": "day"} | fields)


def days(campaign, begin, count):
    found = []
    day = begin
    while len(found) < count and (slot := slot_after(campaign, day)):
        found.append(slot.day)
        day = slot.day
    return found


def test_the_days_of_each_rhythm():
    begin = date(2027, 1, 30)
    assert days(plan(), begin, 3) == [date(2027, 1, 31), date(2027, 2, 1), date(2027, 2, 2)]
    weekly = plan(every="week", weekdays=[0, 3])
    assert days(weekly, begin, 3) == [date(2027, 2, 1), date(2027, 2, 4), date(2027, 2, 8)]
    monthly = plan(every="month", month_day=31)
    assert days(monthly, begin, 3) == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]
    assert days(plan(ends_on=date(2027, 2, 1)), begin, 5) == [date(2027, 1, 31), date(2027, 2, 1)]


def test_nine_oclock_stays_nine_oclock_when_the_clocks_jump():
    campaign = plan()
    assert [slot_on(campaign, date(2026, 3, d)).at for d in (28, 29)] == [
        utc(2026, 3, 28, 8),
        utc(2026, 3, 29, 7),
    ]


def test_a_campaign_that_goes_once_goes_also_when_its_moment_has_passed_and_a_recurring_one_waits():
    once = plan(timing="at", on_day=date(2026, 6, 1))
    assert first_slot(once, now=utc(2026, 6, 2)).at == utc(2026, 6, 1, 7)
    assert slot_after(once, date(2026, 6, 1)) is None
    assert first_slot(plan(), now=utc(2026, 6, 1, 7)).day == date(2026, 6, 2)
    assert first_slot(plan(), now=utc(2026, 6, 1, 6, 59)).day == date(2026, 6, 1)
    assert first_slot(plan(on_day=date(2026, 7, 1)), now=utc(2026, 6, 1)).day == date(2026, 7, 1)
    assert first_slot(plan(ends_on=date(2026, 5, 1)), now=utc(2026, 6, 1)) is None


def test_of_several_slots_that_were_missed_the_last_one_is_launched():
    campaign = plan(next_day=date(2026, 6, 1), next_at=utc(2026, 6, 1, 7))
    assert latest_slot(campaign, now=utc(2026, 6, 4, 12)).day == date(2026, 6, 4)
    assert latest_slot(campaign, now=utc(2026, 6, 1, 7)).day == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("zone", "late", "expected"),
    [
        ("Pacific/Kiritimati", "at_once", utc(2026, 6, 1, 12)),
        ("Pacific/Kiritimati", "tomorrow", utc(2026, 6, 1, 19)),
        ("Pacific/Kiritimati", "leave_out", None),
        ("Europe/Berlin", "tomorrow", utc(2026, 6, 2, 7)),
        ("America/New_York", "leave_out", utc(2026, 6, 1, 13)),
        ("Asia/Kathmandu", "leave_out", None),
        ("Etc/GMT+3", "leave_out", utc(2026, 6, 1, 12)),  # nine o'clock there is now
    ],
)
def test_each_is_due_by_their_own_clock_and_the_late_ones_as_chosen(zone, late, expected):
    campaign = plan(each_zone=True, late=late)
    slot = slot_on(campaign, date(2026, 6, 1))
    assert slot.at == utc(2026, 5, 31, 19)  # nine o'clock on the first isles of the day
    assert due_by_zone(campaign, slot, now=utc(2026, 6, 1, 12))(ZoneInfo(zone)) == expected
