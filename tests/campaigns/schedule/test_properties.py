"""Whatever the schedule, the zones, the silences and the holidays: in time, once, nobody lost.

Shops are drawn at random, around the days on which clocks change, with beats and workers that are away for
hours. Everything goes by the real launch, the real outbox and the on-site channel.
"""

from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Min
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import actions
from campaigns.models import Campaign
from campaigns.schedule.due import launch_due
from customers.models import Customer
from delivery.models import MarketRule, Message, OnsiteMessage, QuietHours, Run
from delivery.outbox.send import deliver
from delivery.rules.selectors import Window
from delivery.schedule.moments import is_holiday, next_allowed, next_working_moment
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.delivery import make_customers

ZONES = {
    "DE": "Europe/Berlin", "US": "America/New_York", "AU": "Australia/Lord_Howe", "CN": "Asia/Shanghai",
    "FR": "Europe/Paris", "CL": "America/Santiago", "WS": "Pacific/Apia", "NP": "Asia/Kathmandu",
}  # fmt: skip
# Clocks change in Europe, America, Chile and Lord Howe; New Year; the Golden Week in China.
DAYS = [
        date(2026, 3, 28), date(2026, 3, 7), date(2026, 4, 4), date(2026, 10, 24), date(2026, 10, 31),
        date(2026, 9, 5), date(2026, 12, 31), date(2026, 12, 25), date(2026, 9, 30), date(2026, 6, 10),
]  # fmt: skip
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
windows = st.builds(Window, clocks, clocks, st.frozensets(st.integers(0, 6), max_size=5), st.booleans())
moments = st.builds(
    lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes),
    st.sampled_from(DAYS),
    st.integers(-1440, 2880),
)


def silent(moment, found, zone, market):
    """Say by the wall clock, and not as the code does it, whether a moment lies in a silence."""
    local = moment.astimezone(zone)
    for window in found:
        for back in (0, 1):
            day = local.date() - timedelta(days=back)
            if day.weekday() not in window.weekdays and not (window.holidays and is_holiday(day, market)):
                continue
            over_night = window.ends <= window.begins
            clock = local.time()
            if back == 0 and clock >= window.begins and (over_night or clock < window.ends):
                return True
            if back == 1 and over_night and clock < window.ends:
                return True
    return False


def changes_clock(moment, zone):
    """Say whether clocks change within hours: there, a silence is measured in real time (RFC 5545)."""
    offsets = {(moment + timedelta(hours=h)).astimezone(zone).utcoffset() for h in range(-4, 5)}
    return len(offsets) > 1


@settings(max_examples=300, deadline=None, derandomize=True)
@given(moments, st.lists(windows, max_size=3), st.sampled_from(sorted(ZONES)), st.booleans())
def test_the_next_moment_is_allowed_and_is_the_first_that_is(moment, found, market, working):
    zone = ZoneInfo(ZONES[market])
    moment_of = next_working_moment if working else next_allowed
    free = moment_of(moment, found, zone, market)
    assert free >= moment
    if free - moment >= timedelta(days=59):
        return  # these silences leave no gap; the outbox looks again then
    assert moment_of(free, found, zone, market) == free
    if not changes_clock(free, zone):
        assert not silent(free, found, zone, market)
    if working:
        assert not is_holiday(free.astimezone(zone).date(), market)
        return
    step = moment
    while step < free - timedelta(minutes=15):
        assert silent(step, found, zone, market) or changes_clock(step, zone), step
        step += timedelta(minutes=15)


@contextmanager
def cleared():
    """Empty the shop afterwards; a rollback would look to the outbox like a backup that was restored."""
    yield
    for model in (OnsiteMessage, Message, Run, Campaign, QuietHours, MarketRule, Customer):
        model.objects.all().delete()


shops = st.fixed_dictionaries(
    {
        "day": st.sampled_from(DAYS),
        "at_time": clocks,
        "each_zone": st.booleans(),
        "late": st.sampled_from(["at_once", "tomorrow", "leave_out"]),
        "holidays": st.sampled_from(["send", "wait", "leave_out"]),
        "spread_hours": st.sampled_from([0, 0, 3]),
        "quiet": st.none() | st.tuples(clocks, clocks, st.booleans()),
        "markets": st.lists(st.sampled_from(sorted(ZONES)), min_size=2, max_size=5, unique=True),
        "lags": st.lists(st.integers(0, 600), min_size=4, max_size=4),
    }
)


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=25, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(shop=shops)
def test_nobody_hears_of_it_in_a_silence_nor_twice_and_nobody_is_lost(shop, settings):
    settings.QUIET_HOURS = True
    settings.SHOP_TIME_ZONE, settings.SHOP_COUNTRY = "Europe/Berlin", "DE"
    with cleared():
        play(shop)


def play(shop):
    now = datetime(shop["day"].year, shop["day"].month, shop["day"].day, tzinfo=UTC) - timedelta(days=2)
    MarketRule.objects.create(market="*", channel="onsite", consent="opt_out")
    found = []
    if shop["quiet"] and shop["quiet"][0] != shop["quiet"][1]:
        begins, ends, holidays = shop["quiet"]
        QuietHours.objects.create(name="q", begins=begins, ends=ends, holidays=holidays)
        found = [Window(begins, ends, holidays=holidays)]
    people = {}
    for customer, market in zip(make_customers(len(shop["markets"]), now=now), shop["markets"], strict=True):
        Customer.objects.filter(pk=customer.pk).update(country=market, time_zone=ZONES[market])
        people[customer.pk] = market
    campaign = make_campaign(
        now, channel="onsite", timing="at", on_day=shop["day"], at_time=shop["at_time"],
        each_zone=shop["each_zone"], late=shop["late"], holidays=shop["holidays"],
        spread_hours=shop["spread_hours"],
    )  # fmt: skip
    actions.launch_campaign(campaign, user=None, now=now)
    campaign.refresh_from_db()
    hour, lags = campaign.next_at, list(shop["lags"])
    now = hour + timedelta(minutes=lags.pop())
    launch_due(now=hour - timedelta(seconds=1), as_of=hour)
    assert not Run.objects.exists()  # not before its time
    assert launch_due(now=now, as_of=now) == 1
    assert launch_due(now=now, as_of=now) == 0
    run = Run.objects.get()
    for _ in range(40):
        deliver(run.pk, clock=lambda: now)  # noqa: B023
        check(run, found, people, shop, now)
        following = Message.objects.filter(state="pending").aggregate(at=Min("due_at"))["at"]
        if following is None:
            break
        assert following > now
        now = following + timedelta(minutes=lags.pop() if lags else 0)
    states = Counter(Message.objects.values_list("state", flat=True))
    assert set(states) <= {"sent", "skipped"}, states
    assert sum(states.values()) == len(people)
    run.refresh_from_db()
    assert run.state == "finished"


def check(run, found, people, shop, now):
    had = Counter(OnsiteMessage.objects.values_list("customer_id", flat=True))
    assert all(count == 1 for count in had.values())
    for message in Message.objects.exclude(state="pending"):
        market = people[message.customer_id]
        zone = ZoneInfo(ZONES[market])
        if message.state == "sent":
            assert had[message.customer_id] == 1
            if message.sent_at != now:
                continue  # looked at when it went
            if not changes_clock(now, zone):
                assert not silent(now, found, zone, market)
            if shop["holidays"] != "send":
                assert not is_holiday(now.astimezone(zone).date(), market)
            if shop["each_zone"] and not changes_clock(now, zone):
                assert now.astimezone(zone).replace(tzinfo=None) >= datetime.combine(
                    shop["day"], shop["at_time"]
                )
        else:
            allowed = {"late_zone"} if shop["each_zone"] and shop["late"] == "leave_out" else set()
            allowed |= {"holiday"} if shop["holidays"] == "leave_out" else set()
            assert message.skip_reason in allowed
            assert had[message.customer_id] == 0
