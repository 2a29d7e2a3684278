"""Clocks that jump, odd zones, holidays, and silences that follow each other."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.rules.selectors import EVERY_DAY, SUNDAY, Window
from delivery.schedule.moments import at_local, is_holiday, next_allowed
from delivery.schedule.zones import zone_of, zones_of_countries

BERLIN, NEPAL, LORD_HOWE = map(ZoneInfo, ("Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"))
NIGHT = Window(time(21), time(8))


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "expected"),
    [
        (date(2026, 3, 28), time(9), BERLIN, utc(2026, 3, 28, 8)),
        (date(2026, 3, 29), time(9), BERLIN, utc(2026, 3, 29, 7)),
        # 02:30 is skipped in spring: the offset from before holds, so clocks show 03:30.
        (date(2026, 3, 29), time(2, 30), BERLIN, utc(2026, 3, 29, 1, 30)),
        # 02:30 comes twice in autumn: the first one.
        (date(2026, 10, 25), time(2, 30), BERLIN, utc(2026, 10, 25, 0, 30)),
        (date(2026, 10, 25), time(9), BERLIN, utc(2026, 10, 25, 8)),
        (date(2026, 6, 1), time(9), NEPAL, utc(2026, 6, 1, 3, 15)),
        # Lord Howe's summer time is half an hour: +11 and +10:30.
        (date(2026, 1, 1), time(9), LORD_HOWE, utc(2025, 12, 31, 22)),
        (date(2026, 7, 1), time(9), LORD_HOWE, utc(2026, 6, 30, 22, 30)),
    ],
)
def test_a_time_of_day_is_a_moment_where_clocks_jump_too(day, clock, zone, expected):
    assert at_local(day, clock, zone) == expected


@pytest.mark.parametrize(
    ("now", "windows", "zone", "market", "expected"),
    [
        (utc(2026, 6, 1, 12), [NIGHT], BERLIN, "DE", utc(2026, 6, 1, 12)),
        (utc(2026, 6, 1, 20), [NIGHT], BERLIN, "DE", utc(2026, 6, 2, 6)),
        (utc(2026, 6, 2, 5, 59), [NIGHT], BERLIN, "DE", utc(2026, 6, 2, 6)),
        (utc(2026, 6, 2, 6), [NIGHT], BERLIN, "DE", utc(2026, 6, 2, 6)),
        # The night of the spring jump is an hour shorter.
        (utc(2026, 3, 28, 20), [NIGHT], BERLIN, "DE", utc(2026, 3, 29, 6)),
        # A silence that ends in the hour that comes twice ends at its first coming and does not begin again.
        (utc(2026, 10, 25, 0, 10), [Window(time(1), time(2, 30))], BERLIN, "DE", utc(2026, 10, 25, 0, 30)),
        (utc(2026, 10, 25, 1, 10), [Window(time(1), time(2, 30))], BERLIN, "DE", utc(2026, 10, 25, 1, 10)),
        # Friday evening, then a Saturday that is 14 July, then Sunday: Monday morning.
        (
            utc(2029, 7, 13, 19),
            [Window(time(20), time(8)), Window(time(0), time(0), SUNDAY, holidays=True)],
            ZoneInfo("Europe/Paris"),
            "FR",
            utc(2029, 7, 16, 6),
        ),
        (utc(2026, 6, 1, 14, 30), [NIGHT], NEPAL, "NP", utc(2026, 6, 1, 14, 30)),
        (utc(2026, 6, 1, 15, 15), [NIGHT], NEPAL, "NP", utc(2026, 6, 2, 2, 15)),
    ],
)
def test_the_next_allowed_moment(now, windows, zone, market, expected):
    assert next_allowed(now, windows, zone, market) == expected


def test_a_silence_without_end_is_looked_at_again():
    found = next_allowed(utc(2026, 1, 1), [Window(time(0), time(0), EVERY_DAY)], BERLIN, "DE")
    assert timedelta(days=60) <= found - utc(2026, 1, 1) < timedelta(days=62)


@settings(max_examples=60, deadline=None)
@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    begins=st.times(),
    ends=st.times(),
    weekdays=st.frozensets(st.integers(0, 6), max_size=6),
    zone=st.sampled_from([BERLIN, NEPAL, LORD_HOWE, ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")]),
)
def test_what_is_allowed_is_never_within_a_silence_and_the_first_such_moment(
    now, begins, ends, weekdays, zone
):
    window = Window(begins, ends, weekdays)
    found = next_allowed(now, [window], zone, "DE")
    assert found >= now
    assert next_allowed(found, [window], zone, "DE") == found
    if found > now:  # the moment before was still quiet
        assert next_allowed(found - timedelta(microseconds=1), [window], zone, "DE") == found


def test_public_holidays_are_those_of_the_country():
    assert is_holiday(date(2026, 10, 1), "CN")
    assert is_holiday(date(2026, 7, 4), "US")
    assert not is_holiday(date(2026, 7, 4), "DE")
    assert not is_holiday(date(2026, 12, 25), "XX")


@pytest.mark.parametrize(
    ("own", "country", "expected"),
    [
        ("Asia/Tokyo", "DE", "Asia/Tokyo"),
        ("", "DE", "Europe/Berlin"),
        ("Mars/Olympus", "CN", "Asia/Shanghai"),
        ("../../etc/passwd", "RU", "Europe/Moscow"),
        ("", "AU", "Australia/Sydney"),
        ("", "US", "America/New_York"),
        ("", "", "Asia/Kathmandu"),
    ],
)
def test_a_recipient_lives_by_their_own_zone_or_their_countrys_or_the_shops(settings, own, country, expected):
    settings.SHOP_TIME_ZONE = "Asia/Kathmandu"
    assert zone_of(own, country).key == expected


def test_every_country_has_a_zone_that_exists():
    zones = zones_of_countries()
    assert len(zones) > 240
    assert all(ZoneInfo(name) for name in zones.values())
