"""17: ten o'clock where each recipient lives, across a change of the clock; zones already past as chosen."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import Campaign
from campaigns.schedule.due import begin_due, launch_due
from core import clock
from customers.models import Customer
from delivery.models import Message
from tests.scenarios.planning import (  # noqa: F401  fixtures
    MARKS,
    begin,
    people,
    saved,
    send,
    step,
    window,
)  # fmt: skip

pytestmark = MARKS
ZONES = ("Pacific/Auckland", "Europe/Berlin", "America/New_York")


def change_of_clock(zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first day after a moment whose offset differs from the day before's."""
    day = after
    while day.astimezone(zone).utcoffset() == (day - timedelta(days=1)).astimezone(zone).utcoffset():
        day += timedelta(days=1)
    return day


def test_ten_oclock_everywhere(window, people, settings):  # noqa: F811
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    for zone, group in zip(ZONES, (people[:4], people[4:8], people[8:]), strict=True):
        Customer.objects.filter(pk__in=[person.pk for person in group]).update(time_zone=zone)
    day = change_of_clock(ZoneInfo("Europe/Berlin"), clock.now() + timedelta(days=2)).date()
    campaign = begin(window, "sell")
    page = window.page
    page.check("[data-field=timing][value=at]")
    page.fill("[data-field=on_day]", day.isoformat())
    page.fill("[data-field=at_time]", "10:00")
    page.check("[data-field=each_zone]")
    page.select_option("[data-field=late]", "leave_out")
    saved(window)
    step(window, campaign, "review")
    rows = page.inner_text("[data-plan=zones] tbody")
    assert all(zone in rows for zone in ZONES) and rows.count("10:00") == 3
    send(window)
    now = clock.now() + timedelta(minutes=2)
    begin_due(now=now, as_of=now)
    campaign = Campaign.objects.get()
    assert campaign.next_at == datetime.combine(day, time(10), ZoneInfo("Pacific/Kiritimati"))
    # Beat was away until it is eleven in Auckland: there it is too late, and left out as chosen.
    late = datetime.combine(day, time(11), ZoneInfo("Pacific/Auckland"))
    assert launch_due(now=late, as_of=late) == 1
    due = {m.customer.time_zone: m for m in Message.objects.select_related("customer")}
    assert due["Pacific/Auckland"].skip_reason == "late_zone"
    for zone in ZONES[1:]:
        assert due[zone].due_at == datetime.combine(day, time(10), ZoneInfo(zone))
    assert window.complaints == []
