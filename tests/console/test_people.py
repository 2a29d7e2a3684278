"""Scores, model cards, the RFM grid, lifetime value and what Customer 360 tells: exact figures, by whom."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import AuditEntry, Job, User
from campaigns.coupons.models import Coupon, CouponPool
from campaigns.promotions.models import Promotion
from campaigns.schedule.models import PersonHour
from console.audience.best_time import best_time
from console.audience.offers import offers_for
from console.audience.scores import told
from console.people.value import LifetimeValues
from profiles import rfm
from profiles.models import CustomerProfile, CustomerScore, ScoreVersion
from profiles.services import build_profiles
from segments.preview import preview
from tests.factories.histories import Shop
from tests.profiles.conftest import AS_OF

#: Not JSON, not a rule, an operator and a field that there are not, more brackets than anybody reads.
BROKEN = [
    "{", "[]", "7", "{" * 3000,
    '{"field": "customer.country", "op": "above", "value": 1}',
    '{"field": "nothing", "op": "eq", "value": 1}',
]  # fmt: skip
WORST = {"feature": "recency_days", "value": 12.0, "adds": 0.8}


@pytest.fixture
def shop(db, settings):
    settings.SHOP_AS_OF = AS_OF.isoformat()
    return Shop(AS_OF)


def sign_in(role):
    client = Client()
    user = User.objects.create_user(role, is_staff=True, is_superuser=role == "alice")
    user.groups.set(Group.objects.filter(name=role))
    client.force_login(user)
    return client


def version(kind="churn", **card):
    known = {
        "base_rate": 0.2, "model": "blend", "importance": [], "relevance": [], "formulas": {},
        "compared": {"blend": {"auc": {"mean": 0.87, "low": 0.8, "high": 0.9}, "brier": 0.1,
                               "calibration_error": 0.02}},
    }  # fmt: skip
    return ScoreVersion.objects.create(
        kind=kind, as_of=AS_OF, known=True, active=True, model="blend", created_at=AS_OF, card=known | card
    )


def scored(customer, score, kind="churn", **fields):
    return CustomerScore.objects.create(
        customer=customer, kind=kind, score=score, as_of=AS_OF, model_version="v", **fields
    )


def rules_in(page):
    links = [unescape(link) for link in re.findall(r'href="([^"]*\?rule=[^"]*)"', page)]
    return [json.loads(parse_qs(urlsplit(link).query)["rule"][0]) for link in links]


def size(rule):
    return preview(rule, as_of=AS_OF)["size"]


def test_grid_counts_everybody_once_and_each_cell_is_its_segment(shop):
    for number in range(12):
        customer = shop.customer(f"c{number}")
        for order in range(1 + number % 4):
            shop.event(customer, 1 + number * 3 + order * 7, amount="10.00")
    objector = shop.customer("objector", no_profiling=True)
    shop.event(objector, 2)
    build_profiles(as_of=AS_OF, now=AS_OF)
    cells = [cell for row in rfm.read().grid("people") for cell in row]
    assert (len(cells), sum(cell.people for cell in cells)) == (25, 12)
    assert sum(cell.money for cell in cells) == Decimal("300.00")
    assert sum(cell.share for cell in cells) == pytest.approx(1)
    assert max(cell.heat for cell in cells) == 1
    page = sign_in("alice").get("/admin/scores/rfm/?by=money").content.decode()
    counted = {
        (r, f): CustomerProfile.objects.filter(rfm_r=r, rfm_f=f).count()
        for r in range(1, 6)
        for f in range(1, 6)
    }
    found = {}
    for rule in rules_in(page):
        if rule["all"][0]["field"] == "profile.rfm_r":
            found[rule["all"][0]["value"], rule["all"][1]["value"]] = size(rule)
    assert found == {place: count for place, count in counted.items() if count}
    # The link opens the builder with the rule in it.
    link = unescape(re.search(r'href="([^"]*\?rule=[^"]*)"', page)[1])
    opened = Client()
    opened.force_login(User.objects.get(username="alice"))
    assert "profile.rfm_r" in opened.get(link).context["rule"]["all"][0]["field"]


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_in_an_address_opens_an_empty_builder(db, rule):
    answer = sign_in("alice").get("/admin/segments/new/", {"rule": rule})
    assert (answer.status_code, answer.context["rule"]) == (200, {"all": []})


def test_tenths_share_out_everybody_and_their_money(shop):
    people = [shop.customer(f"c{number}") for number in range(20)]
    for number, customer in enumerate(people, start=1):
        scored(customer, number + 0.005, "lifetime_value", low=number - 0.5, high=number + 0.5)
    version("lifetime_value", check={"unknown": "less than 84 days of history"})
    answer = sign_in("viewer").get("/admin/scores/value/")
    tenths = answer.context["tenths"]
    assert [tenth.decile.people for tenth in tenths] == [2] * 10
    assert tenths[0].decile.sum == pytest.approx(39.01)
    assert answer.context["whole"] == pytest.approx(210.1)
    assert tenths[0].share == pytest.approx(39.01 / 210.1)
    assert tenths[-1].so_far == pytest.approx(1)
    assert tenths[0].low < 39.01 < tenths[0].high
    # A viewer makes no segments; who may gets ten that hold each person once.
    assert rules_in(answer.content.decode()) == []
    rules = rules_in(sign_in("marketer").get("/admin/scores/value/").content.decode())
    assert [size(rule) for rule in rules] == [2] * 10
    assert LifetimeValues.permission_required == ("profiles.view_customerscore",)


def test_scores_say_what_is_missing_before_and_after_a_training(shop):
    client = sign_in("viewer")
    page = client.get("/admin/scores/").content.decode()
    assert page.count("Never trained.") == 5
    assert "Score now" not in page
    card = {"what": "days of history", "found": 60, "needed": 154}
    ScoreVersion.objects.create(
        kind="churn", as_of=AS_OF, known=False, active=True, card=card, created_at=AS_OF
    )
    assert "60 of 154 days of history." in client.get("/admin/scores/churn/").content.decode()
    assert client.get("/admin/scores/nonsense/").status_code == 404
    assert client.get("/admin/scores/uplift/").status_code == 404


def test_score_now_is_one_job_with_its_audit_for_those_who_may(db):
    assert sign_in("viewer").post("/admin/scores/now/").status_code == 403
    assert not Job.objects.exists()
    client = sign_in("marketer")
    first, second = (client.post("/admin/scores/now/") for _ in range(2))
    job = Job.objects.get()
    assert (job.kind, job.state, job.started_by.username) == ("score", "queued", "marketer")
    assert first.url == second.url == f"/admin/jobs/{job.pk}/"
    assert AuditEntry.objects.filter(action="start_scoring", user__username="marketer").count() == 1
    assert "Scoring goes on" in client.get("/admin/scores/").content.decode()
    # One that lost its worker for good stands in nobody's way.
    Job.objects.update(state="running", heartbeat_at=job.created_at - timedelta(hours=2))
    assert "Score now" in client.get("/admin/scores/").content.decode()
    client.post("/admin/scores/now/")
    assert Job.objects.filter(state="queued").count() == 1


def test_a_score_is_told_in_words_against_the_usual(shop):
    alice = shop.customer("alice")
    version()
    version("purchase", mirrors="churn")
    scored(alice, 0.5, low=0.42, high=0.58, reasons=[WORST])
    scored(alice, 0.5, "purchase", low=0.42, high=0.58, reasons=[])
    version(
        "lifetime_value", check={"days": 84.0, "error": 12.5, "last_period_error": 20.0, "total_error": -0.03}
    )
    scored(alice, 120.0, "lifetime_value", low=60.0, high=200.0)
    scored(shop.customer("bob"), 300.0, "lifetime_value")
    known, unknown = told(alice)
    churn, value = known
    assert (churn.figure, churn.verdict, churn.against) == (
        "50%", "could go either way", "2.5 times the usual 20%",
    )  # fmt: skip
    assert churn.band == "Of 100 people with this score it comes true for 42 to 58."
    assert churn.proof == "So the chance of an order is 50%."
    assert [(r.name, r.value, r.raises) for r in churn.reasons] == [("days since the last order", "12", True)]
    assert (value.figure, value.verdict) == ("$120", "below 50% of customers")
    assert value.proof == (
        "Tested on the last 84 days: $12.50 off a customer (repeating the days before: $20.00),"
        " −3.0% off in total."
    )
    assert [one.kind for one in unknown] == ["redemption", "click"]
    page = sign_in("viewer").get(f"/admin/customers/{alice.pk}/").content.decode()
    assert "2.5 times the usual 20%" in page
    assert page.count("Never trained.") == 2


def test_who_objects_is_told_nothing_about(shop):
    bob = shop.customer("bob", no_profiling=True)
    scored(bob, 0.5)
    version()
    page = sign_in("viewer").get(f"/admin/customers/{bob.pk}/").content.decode()
    assert page.count("so nothing is foretold") == 1
    assert "Churn risk" not in page
    assert "Best time to write" not in page


def test_best_time_says_how_sure_it_is(shop):
    alice, bob, carol = (shop.customer(name) for name in ("alice", "bob", "carol"))
    for day in range(1, 31):
        shop.event(alice, day + 1.5 / 24)  # half past ten
        shop.event(alice, day + 1.6 / 24)  # the same hour counts once
        shop.event(alice, day - 0.5, type="message_clicked", amount=None, properties={"machine": True})
        shop.event(carol, day + day / 24)
    shop.event(bob, 3)
    clear = best_time(alice, AS_OF)
    assert (clear.acts, clear.within, clear.sure) == (30, 30, "clear")
    assert clear.start <= 10 < clear.start + 3
    assert clear.low > 0.7
    assert best_time(bob, AS_OF).sure == "unknown"
    assert best_time(carol, AS_OF).sure == "none"
    alice.time_zone = "Asia/Shanghai"
    there = best_time(alice, AS_OF)
    assert (there.start, there.own_zone) == ((clear.start + 8) % 24, True)


def test_the_page_tells_the_hour_learned_for_them(shop):
    alice, bob, carol = (
        shop.customer("alice"),
        shop.customer("bob"),
        shop.customer("carol", no_profiling=True),
    )
    PersonHour.objects.create(customer=alice, hour=18, rate=0.031, low=0.004, high=0.078, acts=34, sent=5)
    PersonHour.objects.create(customer=bob, hour=23, rate=0.02)
    client = sign_in("viewer")
    own, alike, refused = (
        client.get(f"/admin/customers/{one.pk}/").content.decode() for one in (alice, bob, carol)
    )
    assert "18:00–19:00" in own
    assert "From 34 orders and clicks of theirs and 5 messages at drawn hours." in own
    assert "Expected then: a click on 3.1% of messages, likely range 0.4% to 7.8%." in own
    assert "No message went at a learned hour yet." in own
    assert "23:00–0:00" in alike
    assert "They did nothing yet from which an hour of their own could be learned." in alike
    assert "The hour learned for them" not in refused


def test_offers_are_tried_on_the_last_basket_and_others_peoples_left_out(shop):
    alice = shop.customer("alice")
    tea = shop.product("tea", path="drinks/tea")
    shop.event(alice, 9, amount="80.00")
    shop.event(alice, 2, amount="18.00", quantity=2, discount="2.00", product=tea, order="last")
    shop.event(alice, 2, amount="10.00", order="last")
    common = {"currency": "USD", "created_at": AS_OF}
    ten = {"kind": "percent", "percent": "10"}
    Promotion.objects.create(slug="ten", name="Ten", benefit=ten, **common)
    Promotion.objects.create(
        slug="first", name="First", benefit=ten, conditions=[{"kind": "first_order"}], **common
    )
    Promotion.objects.create(
        slug="big", name="Big", benefit=ten, conditions=[{"kind": "basket_amount", "min": "50.00"}], **common
    )
    Promotion.objects.create(
        slug="over", name="Over", benefit=ten, ends_at=AS_OF - timedelta(days=1), **common
    )
    coded = Promotion.objects.create(
        slug="half", name="Half", benefit={"kind": "percent", "percent": "50"}, needs_code=True, **common
    )
    pool = CouponPool.objects.create(name="p", promotion=coded, created_at=AS_OF)
    Coupon.objects.create(pool=pool, code="HALF1", customer=alice, assigned_at=AS_OF, created_at=AS_OF)
    found = offers_for(alice, now=AS_OF, known=AS_OF, codes=True)
    assert found.basket == Decimal("30.00")
    assert [(one.name, one.saves, one.code) for one in found.found] == [
        ("Half", Decimal("15.00"), "HALF1"),
        ("Ten", Decimal("3.00"), ""),
        ("Big", Decimal("0"), ""),
    ]
    assert "short" in found.found[2].lacks
    assert "HALF1" not in [one.code for one in offers_for(alice, now=AS_OF, known=AS_OF, codes=False).found]
    stranger = shop.customer("stranger")
    names = {one.name for one in offers_for(stranger, now=AS_OF, known=AS_OF, codes=True).found}
    assert names == {"Ten", "First", "Big"}


def test_the_page_asks_no_more_for_a_longer_history(shop, django_assert_max_num_queries):
    alice = shop.customer("alice")
    version()
    scored(alice, 0.5)
    for day in range(1, 40):
        shop.event(alice, day)
    client = sign_in("alice")
    client.get(f"/admin/customers/{alice.pk}/")
    with django_assert_max_num_queries(45):
        client.get(f"/admin/customers/{alice.pk}/")
