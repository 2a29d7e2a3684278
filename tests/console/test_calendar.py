"""Everything planned stands on its day, for those who may see it; what meets is said in words."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import User
from campaigns.actions import create_campaign
from campaigns.coupons.models import Coupon, CouponPool
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from campaigns.schedule.models import Every, Timing
from console.engage.calendar import holidays, ics
from console.engage.calendar.entries import Entry, Span, entries
from console.engage.calendar.layout import weeks
from console.engage.calendar.meetings import of_messages, of_promotions
from segments.models import Segment, SegmentMembership
from tests.factories.histories import Shop

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MARCH = Span(date(2026, 3, 1), date(2026, 4, 1), NOW)


@pytest.fixture
def alice(settings):
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    return User.objects.create_superuser("alice")


def campaign(name, **fields):
    return create_campaign(user=None, now=NOW, name=name, slug=name.lower(), kind="email", **fields)


def days(found, title):
    return [(e.first.day, e.last.day, e.state) for e in found if e.title == title]


def test_campaigns_stand_on_the_days_they_go(alice):
    campaign("Once", timing=Timing.AT, on_day=date(2026, 3, 20), at_time=time(10))
    weekly = campaign(
        "Weekly", timing=Timing.RECURRING, every=Every.WEEK, weekdays=[0], at_time=time(9),
        on_day=date(2026, 3, 1), ends_on=date(2026, 3, 25),
    )  # fmt: skip
    Campaign.objects.filter(pk=weekly.pk).update(state="scheduled", next_day=date(2026, 3, 16), next_at=NOW)
    welcome = campaign("Welcome", timing=Timing.TRIGGERED, trigger_event="subscribe")
    Campaign.objects.filter(pk=welcome.pk).update(state="running", launched_at=NOW - timedelta(days=5))
    gone = campaign("Gone", timing=Timing.AT, on_day=date(2026, 3, 21), at_time=time(10))
    Campaign.objects.filter(pk=gone.pk).update(state="cancelled")
    campaign("April", timing=Timing.AT, on_day=date(2026, 4, 1), at_time=time(10))
    found = entries(MARCH, alice)
    assert days(found, "Once") == [(20, 20, "draft")]
    assert days(found, "Weekly") == [(16, 16, "planned"), (23, 23, "planned")]
    assert days(found, "Welcome") == [(5, 1, "running")]  # an open end
    assert days(found, "Gone") == days(found, "April") == []
    # 10:00 in Berlin, before the clocks change and after.
    assert next(e.at for e in found if e.title == "Once") == datetime(2026, 3, 20, 9, tzinfo=UTC)


def promotion(name, starts, ends, **fields):
    return Promotion.objects.create(
        slug=name, name=name, benefit={"kind": "percent", "percent": "10"}, currency="USD", starts_at=starts,
        ends_at=ends, created_at=NOW, **fields,
    )  # fmt: skip


def test_promotions_codes_and_tests_have_their_days(alice):
    midnight = datetime(2026, 3, 14, 23, tzinfo=UTC)  # of the 15th in Berlin
    promotion("flash", midnight - timedelta(days=2), midnight, active=True)
    promotion("always", None, None)
    pool = CouponPool.objects.create(name="Ten", promotion=promotion("p", NOW, None), created_at=NOW)
    shop = Shop(NOW)
    for n in range(3):
        Coupon.objects.create(
            pool=pool,
            code=f"A{n}",
            customer=shop.customer(f"c{n}"),
            created_at=NOW,
            expires_at=midnight - timedelta(hours=1),
        )
    Experiment.objects.create(
        key="x", name="Subject", salt="s", state="running", starts_at=NOW, window_days=5, created_at=NOW
    )
    found = entries(MARCH, alice)
    assert days(found, "flash") == [(13, 14, "planned")]
    assert "flash sale" in next(e.note for e in found if e.title == "flash")
    assert days(found, "always") == []
    assert [(e.first.day, e.note) for e in found if e.kind == "codes"] == [(14, "3 codes end")]
    assert days(found, "Subject") == [(10, 15, "running")]


def test_everybody_sees_only_their_kinds(alice):
    campaign("Once", timing=Timing.AT, on_day=date(2026, 3, 20), at_time=time(10))
    promotion("flash", NOW, NOW + timedelta(days=1))
    bob = User.objects.create_user("bob", is_staff=True)
    client = Client()
    client.force_login(bob)
    assert client.get(reverse("admin:calendar")).status_code == 403
    assert client.get(reverse("admin:calendar_file")).status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="view_promotion"))
    for page in ("calendar", "calendar_file"):
        text = client.get(reverse(f"admin:{page}") + "?day=2026-03-20").content.decode()
        assert "Once" not in text
    text = client.get(reverse("admin:calendar") + "?day=2026-03-10").content.decode()
    assert "flash" in text
    assert "campaigns/new/" not in text  # may plan nothing


def test_two_messages_to_the_same_people_on_one_day_are_said_with_how_many(alice):
    shop = Shop(NOW)
    people = [shop.customer(f"c{n}") for n in range(6)]
    audiences = []
    for n, members in enumerate((people[:4], people[2:])):
        segment = Segment.objects.create(slug=f"s{n}", name=f"S{n}", rule={"all": []}, created_at=NOW)
        SegmentMembership.objects.bulk_create(
            SegmentMembership(segment=segment, customer=c, entered_at=NOW) for c in members
        )
        audiences.append(segment)
    for name, day, segment in (
        ("A", 20, audiences[0]), ("B", 20, audiences[1]), ("C", 21, audiences[1]), ("D", 21, None),
        ("E", 22, None), ("F", 22, None), ("Past", 2, audiences[0]), ("Past2", 2, audiences[0]),
    ):  # fmt: skip
        campaign(name, timing=Timing.AT, on_day=date(2026, 3, day), at_time=time(10), segment=segment)
    assert [m.words for m in of_messages(entries(MARCH, alice), MARCH)] == [
        "March 20: 2 people get both “A” and “B”.",
        "March 21: 4 people get both “C” and “D”.",
        "March 22: 6 people get both “E” and “F”.",
    ]


def test_promotions_that_meet_are_said_once(alice):
    promotion("one", NOW, NOW + timedelta(days=9), active=True)
    promotion("two", NOW, NOW + timedelta(days=9), active=True)
    promotion("later", NOW + timedelta(days=12), NOW + timedelta(days=15), active=True)
    words = of_promotions(entries(MARCH, alice), MARCH)
    assert words == ["“one” and “two” meet on the same products: the better one counts per product."]


def entry(key, first, last=None):
    return Entry(key, "campaign", key, date(2026, 3, first), date(2026, 3, last or first), "/", "planned")


def test_bars_take_the_first_free_lane_and_what_has_no_room_is_counted():
    found = [entry("long", 1, 12), entry("a", 3), entry("b", 3), entry("c", 4)]
    first, second = weeks(date(2026, 3, 2), date(2026, 3, 16), found, [], month=3, lanes=2)
    assert [(b.entry.key, b.column, b.days, b.lane, b.comes, b.goes) for b in first.bars] == [
        ("long", 1, 7, 1, True, True),
        ("a", 2, 1, 2, False, False),
        ("c", 3, 1, 2, False, False),
    ]
    assert [day.more for day in first.days] == [0, 1, 0, 0, 0, 0, 0]
    assert [(b.entry.key, b.column, b.days, b.comes, b.goes) for b in second.bars] == [
        ("long", 1, 4, True, False)
    ]


def test_the_file_is_what_other_calendars_read():
    one = Entry(
        "k", "campaign", "Käse; 10 % off, today" + "é" * 40, date(2026, 3, 20), date(2026, 3, 20), "/x/",
        "draft", note="a\nb", at=datetime(2026, 3, 20, 9, tzinfo=UTC),
    )  # fmt: skip
    text = ics.calendar([one, entry("band", 3, 5)], name="R", origin="https://shop", now=NOW)
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    plain = text.replace(b"\r\n ", b"").decode()
    assert "SUMMARY:Käse\\; 10 % off\\, today" + "é" * 40 + "\r\n" in plain
    assert "DTSTART:20260320T090000Z\r\nDURATION:PT30M\r\n" in plain
    assert "DESCRIPTION:a\\nb\r\n" in plain
    assert "STATUS:TENTATIVE" in plain
    assert "DTSTART;VALUE=DATE:20260303\r\nDTEND;VALUE=DATE:20260306\r\n" in plain


def test_holidays_are_those_of_the_countries_that_the_shop_sells_to(settings, db):
    settings.SHOP_COUNTRY = "DE"
    shop = Shop(NOW)
    for n in range(20):
        shop.customer(f"c{n}", country="FR" if n < 18 else "CN" if n == 18 else "XX")
    assert holidays._countries() == ["DE", "FR", "CN"]
    found = holidays.between(date(2026, 5, 1), date(2026, 5, 9), ["DE", "FR"])
    assert [(h.day.day, h.country) for h in found] == [(1, "DE"), (1, "FR"), (8, "FR")]


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ["Independence Day (observed)", "Independence Day", "Labor Day"]),
        ("zh-hans", ["独立日（补休）", "独立日", "劳动节"]),
    ],
)
def test_holidays_have_names_in_the_language_of_the_page(language, names):
    with override(language):
        assert [h.name for h in holidays.between(date(2026, 7, 1), date(2026, 10, 1), ["US"])] == names
        [unity] = holidays.between(date(2026, 10, 2), date(2026, 10, 8), ["DE"])
        assert unity.name == {"en": "German Unity Day", "zh-hans": "德国统一日"}[language]


@pytest.mark.parametrize(
    "query", ["", "?view=week", "?view=list", "?day=x&view=y&kind=z&country=QQ", "?day=2026-12-31"]
)
def test_the_page_opens_in_every_view(alice, query):
    campaign("Once", timing=Timing.AT, on_day=date(2026, 12, 20), at_time=time(10))
    client = Client()
    client.force_login(alice)
    assert client.get(reverse("admin:calendar") + query).status_code == 200


def test_a_hundred_offers_that_all_meet_are_drawn_and_told_in_short(alice, django_assert_max_num_queries):
    for number in range(100):
        kind = {"kind": "percent", "percent": "10"} | ({"on": {"categories": ["tea"]}} if number % 2 else {})
        promotion(f"p{number}", NOW - timedelta(days=2), NOW + timedelta(days=number + 1), active=True)
        Promotion.objects.filter(slug=f"p{number}").update(benefit=kind)
    client = Client()
    client.force_login(alice)
    client.get("/admin/offers/calendar/?from=2026-03")
    with django_assert_max_num_queries(20):
        page = client.get("/admin/offers/calendar/?from=2026-03").content.decode()
    assert page.count('class="of-meets"') == 100 and "meets 99" in page and "and 91 more" in page
    assert len(page) < 250_000
    words = of_promotions(entries(MARCH, alice), MARCH)
    assert len(words) == 21 and words[-1].startswith("3,705 more pairs")
