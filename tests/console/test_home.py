"""Home tells the truth: figures against the period before, suggestions in and out, what is not well."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Job, User
from campaigns.models import Campaign
from campaigns.outcomes.models import CampaignDay, RunDay, ShopDay
from config import life
from config.tasks import CANARY
from console.home.figures import figures
from console.home.health import machine, page, sending, work
from console.home.kpis import kpis
from console.home.models import Dismissal, Suggestion
from console.home.suggestions import RULES
from console.home.suggestions.expected import Past
from console.home.suggestions.selectors import ideas
from console.home.suggestions.services import begin, refresh
from core import clock
from core.ids import uuid7
from core.models import Heartbeat
from customers.models import Channel
from delivery.deliverability.domain import sender_domain
from delivery.deliverability.models import DomainCheck
from delivery.models import Provider
from profiles.models import Clustering, CustomerProfile, Persona
from segments.models import Segment
from segments.services import ensure_ready_made, refresh_all
from tests.factories.histories import Shop

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
WELL = ("ok", "unknown")


@pytest.fixture
def alice():
    return User.objects.create_superuser("alice", first_name="Alice")


# Figures -------------------------------------------------------------------------------------------


def shop_day(day, revenue, orders=2, guests=0, first=1):
    ShopDay.objects.create(
        day=day, orders=orders, guest_orders=guests, customers=orders - guests, first_orders=first,
        revenue=revenue,
    )  # fmt: skip


def test_a_period_is_whole_days_and_is_compared_with_as_many_before(settings):
    settings.SHOP_TIME_ZONE = "UTC"
    shop_day(date(2026, 3, 29), 1000)  # today is not over
    shop_day(date(2026, 3, 28), 30)
    shop_day(date(2026, 3, 22), 20, orders=4, guests=1, first=0)
    shop_day(date(2026, 3, 21), 40)
    shop_day(date(2026, 3, 14), 500)  # before the period before
    found = figures(NOW, 7)
    assert (found.first, found.last) == (date(2026, 3, 22), date(2026, 3, 28))
    assert (found.current.total.revenue, found.before.total.revenue) == (50, 40)
    assert [day.revenue for day in found.current.days] == [20, 0, 0, 0, 0, 0, 30]
    assert found.current.total.repeat_share == pytest.approx(4 / 5)  # five of known people, one a first one


def test_the_four_figures_say_when_they_cannot_be_known(settings):
    settings.SHOP_TIME_ZONE = "UTC"
    shop_day(date(2026, 3, 28), 30)
    campaign, incremental, repeat, unsubscribes = kpis(figures(NOW, 7))
    assert (campaign.value, campaign.change, campaign.note) == ("$0", "", "No message went out in this time")
    assert (incremental.value, incremental.note) == (
        "–", "Known once a campaign of this time leaves some people out, to compare with",
    )  # fmt: skip
    assert repeat.value == "50.0%"
    assert (unsubscribes.value, unsubscribes.change) == ("–", "")


def test_the_four_figures_are_compared_with_the_period_before(settings):
    settings.SHOP_TIME_ZONE = "UTC"
    for day, revenue, first in ((date(2026, 3, 28), 100, 1), (date(2026, 3, 20), 100, 2)):
        shop_day(day, revenue, orders=4, first=first)
    CampaignDay.objects.create(day=date(2026, 3, 28), channel="email", orders=1, revenue=30)
    CampaignDay.objects.create(day=date(2026, 3, 28), channel="sms", orders=1, revenue=15)
    CampaignDay.objects.create(day=date(2026, 3, 20), channel="email", orders=1, revenue=30)
    for day, gone in ((date(2026, 3, 28), 3), (date(2026, 3, 20), 1)):
        RunDay.objects.create(
            run_id=uuid7(), day=day, channel="email", sent=1000, opened=0, clicked=0, bounced=0, complained=0,
            unsubscribed=gone,
        )  # fmt: skip
    campaign, _incremental, repeat, unsubscribes = kpis(figures(NOW, 7))
    assert (campaign.value, campaign.change, campaign.tone) == ("$45", "+50%", "up")
    assert (repeat.value, repeat.change, repeat.tone) == ("75.0%", "+25.0 pt", "up")
    assert (unsubscribes.value, unsubscribes.change, unsubscribes.tone) == ("0.30%", "+0.20 pt", "down")
    assert unsubscribes.note == "3 of 1,000 messages"


def test_home_opens_for_an_empty_shop_and_remembers_the_period(alice):
    client = Client()
    client.force_login(alice)
    assert "No orders yet" in client.get("/admin/").content.decode()
    shop_day(clock.now().date() - timedelta(days=3), 30)
    text = client.get("/admin/?days=90").content.decode()
    assert "compared with the 90 days before" in text
    assert "compared with the 90 days before" in client.get("/admin/").content.decode()
    assert "compared with the 90 days before" in client.get("/admin/?days=100000").content.decode()


def test_home_asks_the_same_questions_of_a_large_shop(alice, django_assert_max_num_queries):
    client = Client()
    client.force_login(alice)
    for n in range(200):
        shop_day(clock.now().date() - timedelta(days=n), 30)
    client.get("/admin/?days=90")
    with django_assert_max_num_queries(70):
        client.get("/admin/?days=90")


# Suggestions ---------------------------------------------------------------------------------------


def found(rule):
    return Suggestion.objects.filter(rule=rule).order_by("pk").first()


def look():
    refresh_all(as_of=NOW, now=NOW)
    return refresh(as_of=NOW, now=NOW)


def profile(customer, **fields):
    return CustomerProfile.objects.create(
        customer=customer, as_of=NOW, computed_at=NOW, **{"orders": 0, "revenue": 0, **fields}
    )


@pytest.fixture
def shop():
    ensure_ready_made(now=NOW)
    return Shop(NOW)


def test_big_spenders_gone_quiet(shop):
    for n in range(6):
        profile(
            shop.customer(f"quiet{n}"),
            orders=5,
            rfm_class="big_spenders_quiet",
            recency_days=60 + n,
            basket_value=Decimal("86.00"),
        )
    profile(shop.customer("loyal"), orders=5, rfm_class="loyal", recency_days=2)
    look()
    one = found("big_spenders_quiet")
    assert (one.people, one.facts["basket"], one.facts["away"]) == (6, "86.00", 62)
    assert one.worth == Decimal("516.00")


def test_the_second_order_counts_those_past_the_shops_usual_gap(shop):
    for n in range(20):
        profile(shop.customer(f"twice{n}"), orders=2, gap_days=24.0, recency_days=5)
    for n in range(5):
        profile(shop.customer(f"due{n}"), orders=1, recency_days=30)
    for name, days in (("soon", 10), ("gone", 200)):
        profile(shop.customer(name), orders=1, recency_days=days)
    look()
    one = found("second_order")
    assert (one.people, one.facts["usual"]) == (5, 24)


def test_without_enough_second_orders_nothing_is_said_of_the_usual_gap(shop):
    for n in range(19):
        profile(shop.customer(f"twice{n}"), orders=2, gap_days=24.0, recency_days=5)
    for n in range(5):
        profile(shop.customer(f"due{n}"), orders=1, recency_days=30)
    look()
    assert found("second_order") is None


def test_regulars_are_due_when_their_own_rhythm_has_passed(shop):
    for n in range(5):
        profile(shop.customer(f"due{n}"), orders=8, gap_days=16.0, recency_days=21)
    profile(shop.customer("early"), orders=8, gap_days=16.0, recency_days=10)
    profile(shop.customer("lapsing"), orders=8, gap_days=16.0, recency_days=40)
    profile(shop.customer("new"), orders=2, gap_days=16.0, recency_days=21)
    look()
    assert found("due_again").people == 5


def test_a_persona_that_slips_away_is_named(shop):
    clustering = Clustering.objects.create(
        as_of=NOW, k=2, silhouette=0.5, stability=0.9, customers=100, artifact="", checksum="", active=True,
        created_at=NOW,
    )  # fmt: skip
    weekend, others = (
        Persona.objects.create(number=n, name=name, name_edited=True, size=50, clustering=clustering)
        for n, name in ((1, "Weekend shoppers"), (2, "Others"))
    )
    for n in range(100):
        lapsing = n < 30 or n == 90
        profile(
            shop.customer(f"c{n}"), orders=4, persona=weekend if n < 40 else others, recency_days=30,
            lifecycle="lapsing" if lapsing else "active",
        )  # fmt: skip
    look()
    one = found("persona_lapsing")
    assert (one.people, one.facts["share"], one.facts["shop"]) == (30, 0.75, 0.31)
    title = ideas(User.objects.create_superuser("ann"), now=NOW).shown[0].title
    assert title == "30 of “Weekend shoppers” are slipping away"


def test_carts_left_and_birthdays_count_their_segments(shop):
    cart, bought = shop.customer("cart"), shop.customer("bought")
    for customer in (cart, bought):
        shop.event(customer, 3, type="add_to_cart")
    shop.event(bought, 2.9)
    shop.customer("soon", birth_month_day="04-02")
    shop.customer("later", birth_month_day="04-20")
    look()
    assert found("carts_left").people == 1
    assert found("birthdays").people == 1


def test_what_came_back_is_told_to_those_who_looked_and_did_not_buy(shop):
    tea, jam = shop.product("tea"), shop.product("jam")
    looked, bought, other = (shop.customer(name) for name in ("looked", "bought", "other"))
    for customer, product in ((looked, tea), (bought, tea), (other, jam)):
        shop.event(customer, 20, type="view", product=product)
    shop.event(bought, 10, product=tea)
    shop.event(None, 2, type="back_in_stock", product=tea, amount=None)
    shop.event(None, 30, type="back_in_stock", product=jam, amount=None)
    look()
    one = found("back_in_stock")
    assert (one.people, one.facts["name"], one.facts["products"]) == (1, "tea", 1)


def test_too_much_stock_is_told_with_how_long_it_lasts(shop):
    nuts, tea = shop.product("nuts", path="snacks"), shop.product("tea", path="drinks")
    type(nuts).objects.filter(pk=nuts.pk).update(stock=240, price=5, currency="USD")
    type(tea).objects.filter(pk=tea.pk).update(stock=40, price=50, currency="USD")
    for n in range(5):
        customer = shop.customer(f"c{n}")
        shop.event(customer, 20 + n, product=nuts, quantity=6)
        shop.event(customer, 30 + n, product=tea, quantity=10)
    look()
    one = found("overstock")
    assert one.key == f"overstock:{nuts.pk}"
    assert (one.people, one.facts["stock"], one.facts["sold"], one.facts["months"]) == (5, 240, 30.0, 24)
    assert one.facts["value"] == "1200.00"


def test_what_is_under_way_is_not_suggested_and_what_is_put_aside_not_to_that_person(shop, alice):
    for n in range(6):
        profile(shop.customer(f"quiet{n}"), orders=5, rfm_class="big_spenders_quiet", recency_days=60)
    look()
    bob = User.objects.create_superuser("bob")
    assert [i.title for i in ideas(alice, now=NOW).shown] == ["6 big spenders have gone quiet"]
    client = Client()
    client.force_login(alice)
    pk = found("big_spenders_quiet").pk
    assert client.post(reverse("admin:suggestion_act", args=[pk, "later"])).status_code == 302
    assert (ideas(alice, now=clock.now()).shown, ideas(alice, now=clock.now()).aside) == ([], 1)
    assert ideas(alice, now=clock.now() + timedelta(days=8)).shown != []
    assert len(ideas(bob, now=NOW).shown) == 1
    client.post(reverse("admin:suggestion_act", args=[pk, "dismiss"]))
    assert Dismissal.objects.get(user=alice).until is None
    assert ideas(alice, now=clock.now() + timedelta(days=800)).shown == []
    client.post(reverse("admin:suggestions_restore"))
    assert len(ideas(alice, now=NOW).shown) == 1
    campaign = begin(found("big_spenders_quiet"), user=bob, now=NOW)
    assert (campaign.segment.slug, campaign.goal, campaign.state) == ("win-back", "win_back", "draft")
    assert ideas(alice, now=NOW).shown == [] == ideas(bob, now=NOW).shown
    Campaign.objects.update(state="finished", finished_at=NOW - timedelta(days=20))
    assert len(ideas(bob, now=NOW).shown) == 1


def test_a_draft_of_a_rule_gets_the_segment_that_was_counted(shop, alice):
    for n in range(5):
        profile(shop.customer(f"due{n}"), orders=8, gap_days=16.0, recency_days=21)
    look()
    campaign = begin(found("due_again"), user=alice, now=NOW)
    assert campaign.segment.slug == "suggested-due-again"
    assert campaign.segment.rule == found("due_again").draft["audience"]
    assert AuditEntry.objects.filter(action="draft_from_suggestion", user=alice).count() == 1
    Segment.objects.filter(pk=campaign.segment.pk).update(rule={"all": []})
    assert ideas(alice, now=NOW).shown == []


def test_what_is_no_longer_so_goes_and_a_broken_rule_takes_only_itself_away(shop, monkeypatch):
    customer = shop.customer("soon", birth_month_day="04-02")
    look()
    assert found("birthdays").people == 1
    type(customer).objects.filter(pk=customer.pk).delete()
    monkeypatch.setattr(RULES["carts_left"], "find", lambda shop: 1 / 0)
    profile(shop.customer("x"), orders=1)
    look()
    assert found("birthdays") is None


def test_what_is_expected_is_a_range_and_nothing_where_the_past_is_silent():
    assert Past(sent=1000, orders=80, campaigns=2).expected(400) == (26, 39)
    assert Past(sent=99, orders=80, campaigns=2).expected(400) is None
    assert Past(sent=1000, orders=4, campaigns=2).expected(400) is None


# Health --------------------------------------------------------------------------------------------


def test_what_writes_signs_of_life_and_what_reads_them_agree():
    assert (life.PREFIX, timedelta(seconds=life.SILENT)) == (machine.WORKER, machine.WORKER_SILENT)
    assert machine.CANARY == CANARY
    assert life.EVERY * 3 < life.SILENT


def test_a_silent_worker_is_named_with_the_queues_that_nobody_reads():
    now = clock.now()
    life.show("worker@a", ["default", "ingest"], 2)
    life.show("delivery@a", ["delivery"], 2)
    life.show("training@a", ["training"], 1)
    assert machine.workers(now).state == "ok"
    Heartbeat.objects.filter(name="worker:delivery@a").update(at=now - timedelta(seconds=36))
    sign = machine.workers(now)
    assert (sign.state, sign.text) == ("bad", "nobody reads: delivery")
    assert [part.state for part in sign.parts] == ["bad", "ok", "ok"]
    life.show("delivery@b", ["delivery"], 2)
    assert machine.workers(clock.now()).state == "ok"
    life.show("delivery@b", ["delivery"], 2, stopped=True)
    assert machine.workers(clock.now()).text == "nobody reads: delivery"


def test_each_part_says_what_to_do(alice):
    now = clock.now()
    Heartbeat.objects.update_or_create(name=CANARY, defaults={"at": now - timedelta(minutes=3)})
    assert machine.beat(now).state == "bad"
    assert machine.backup(now).state == "unknown"
    Heartbeat.objects.create(name="backup", at=now - timedelta(days=3))
    assert machine.backup(now).state == "bad"
    Job.objects.create(kind="train", title="T", state="failed", created_at=now)
    assert work.jobs(now).state == "bad"
    Provider.objects.create(
        name="Gateway", channel=Channel.SMS, kind="sms-http", created_at=now, updated_at=now,
        breaker_state="open", breaker_until=now + timedelta(minutes=5), last_error="down",
    )  # fmt: skip
    assert sending.providers(now).parts[0].text.startswith("left alone, tried again in 5 min")
    assert sending.domain(now).state == "unknown"
    DomainCheck.objects.create(
        domain=sender_domain(), checked_at=now,
        findings=[
            {"what": "SPF", "level": "ok", "sentence": "good", "advice": ""},
            {"what": "DKIM", "level": "bad", "sentence": "no key", "advice": "Make one."},
            {"what": "DMARC", "level": "", "sentence": "no answer", "advice": "Try again."},
        ],
    )  # fmt: skip
    sign = sending.domain(now)
    assert (sign.state, sign.todo, [p.state for p in sign.parts]) == (
        "bad",
        "Make one.",
        ["ok", "bad", "unknown"],
    )
    every = page.signs(now)
    assert all(sign.todo for sign in every if sign.state not in WELL)
    client = Client()
    client.force_login(alice)
    text = client.get(reverse("admin:system_health")).content.decode()
    assert "Something needs you now" in text
    part = client.get(reverse("admin:system_health"), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<div") and "<main" not in part
