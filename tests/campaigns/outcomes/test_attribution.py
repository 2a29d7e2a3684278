"""Orders are put down to messages as a plain calculation does it, however often and in whatever portions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.actions import create_campaign
from campaigns.coupons.models import Coupon, CouponPool, Redemption
from campaigns.models import Campaign
from campaigns.outcomes.attribution import attribute
from campaigns.outcomes.models import Attribution
from campaigns.outcomes.selectors import Attributed, attributed
from campaigns.promotions.models import Promotion
from delivery.models import Message
from delivery.services import launch
from events.models import Event, EventKey
from events.services import record
from tests.campaigns.outcomes import oracle
from tests.factories.delivery import audience_of, make_customers

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOWS = {"email": {"click": 7, "open": 2}, "sms": {"click": 5, "sent": 1}}
KINDS = {"open": "message_opened", "click": "message_clicked", "sent": "message_sent"}
GOALS = [28, 3]
PEOPLE = 2


@pytest.fixture
def world(settings):
    """Two campaigns, of 28 and of 3 days, one by e-mail and one by SMS, to the same two people."""
    settings.ATTRIBUTION_WINDOWS = WINDOWS
    people = make_customers(PEOPLE, now=START)
    campaigns, messages, coupons = [], {}, {}
    promotion = Promotion.objects.create(slug="p", name="P", benefit={}, currency="USD", created_at=START)
    pool = CouponPool.objects.create(name="P", promotion=promotion, created_at=START)
    for n, (days, channel) in enumerate(zip(GOALS, ("email", "sms"), strict=True)):
        campaign = create_campaign(
            user=None, now=START, name=str(n), slug=f"c{n}", kind=Campaign.Kind.EMAIL, goal_days=days
        )
        run = launch(
            source="campaign", reference=str(campaign.pk), channel=channel, topic="marketing",
            audience=audience_of(now=START), as_of=START, now=START,
        )  # fmt: skip
        Message.objects.filter(run=run).update(state="sent", sent_at=START)
        campaigns.append(campaign)
        for p, person in enumerate(people):
            messages[n, p] = Message.objects.select_related("run").get(run=run, customer_id=person.pk)
            coupons[n, p] = Coupon.objects.create(
                pool=pool,
                code=f"{n}-{p}",
                customer=person,
                assigned_for=str(campaign.pk),
                limit=1000,
                created_at=START,
            )
    return people, campaigns, messages, coupons


def touch_event(key, message, kind, at, *, machine=False):
    return {
        "source": "rapport", "message_id": key, "type": KINDS[kind], "customer_id": message.customer_id,
        "occurred_at": at,
        "properties": {"source": "campaign", "reference": message.run.reference, "run": str(message.run_id),
                       "message": message.pk, "channel": message.channel, "machine": machine},
    }  # fmt: skip


def shop_event(key, kind, customer_id, order, at, amount=None):
    return {
        "source": "shop", "message_id": key, "type": kind, "customer_id": customer_id, "order_id": order,
        "occurred_at": at, "amount": None if amount is None else str(amount), "currency": "USD",
    }  # fmt: skip


def rows():
    return {
        (a.model, a.customer_id, a.order_id): (a.message, a.touch, a.amount)
        for a in Attribution.objects.all()
    }


hours = st.integers(0, 30 * 24)
touches = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, PEOPLE - 1), st.sampled_from(["open", "click", "sent"]),
              hours,
              st.booleans()),
    max_size=12,
)  # fmt: skip
orders = st.lists(
    st.fixed_dictionaries(
        {
            "person": st.integers(0, PEOPLE - 1),
            "lines": st.lists(st.tuples(hours, st.integers(0, 5000)), min_size=1, max_size=3),
            "refunds": st.lists(st.integers(-3000, 3000), max_size=2),
            "cancelled": st.booleans(),
            "coupon": st.sampled_from([None, None, 0, 1]),
        }
    ),
    max_size=5,
)  # fmt: skip


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(touches=touches, orders=orders, portion=st.integers(1, 40))
def test_it_equals_the_plain_calculation_in_any_portions(world, touches, orders, portion):
    people, _campaigns, messages, coupons = world
    for model in (Attribution, Redemption, Event, EventKey):
        model.objects.all().delete()
    plain_touches, plain_orders, facts = [], [], []
    for n, (campaign, person, kind, hour, machine) in enumerate(touches):
        message, at = messages[campaign, person], START + timedelta(hours=hour)
        facts.append(touch_event(f"t{n}", message, kind, at, machine=machine))
        plain_touches.append(
            {"customer": message.customer_id, "message": message.pk, "campaign": campaign,
             "channel": message.channel,
             "kind": kind, "at": at, "machine": machine}
        )  # fmt: skip
    for n, order in enumerate(orders):
        customer, name = people[order["person"]].pk, f"o{n}"
        lines = [(START + timedelta(hours=hour), Decimal(cents) / 100) for hour, cents in order["lines"]]
        late = START + timedelta(days=60)
        facts += [
            shop_event(f"l{n}-{k}", "purchase", customer, name, at, a) for k, (at, a) in enumerate(lines)
        ]
        facts += [
            shop_event(f"r{n}-{k}", "refund", customer, name, late, Decimal(cents) / 100)
            for k, cents in enumerate(order["refunds"])
        ]
        cancelled = order["cancelled"] and n % 3 == 0
        if cancelled:
            facts.append(shop_event(f"x{n}", "cancel", customer, name, late))
        coupon = None
        if order["coupon"] is not None:
            used = coupons[order["coupon"], order["person"]]
            Redemption.objects.create(coupon=used, customer_id=customer, order_id=name, currency="USD",
                                      redeemed_at=START)  # fmt: skip
            coupon = messages[order["coupon"], order["person"]].pk
        plain_orders.append(
            {"customer": customer, "order": name, "lines": lines, "cancelled": cancelled, "coupon": coupon,
             "refunds": [Decimal(cents) / 100 for cents in order["refunds"]]}
        )  # fmt: skip
    record(facts, START)
    expected = oracle.attribute(plain_orders, plain_touches, WINDOWS, GOALS)
    attribute(since=START, until=START + timedelta(days=40))
    assert rows() == expected
    for day in range(0, 40, portion):
        attribute(since=START + timedelta(days=day), until=START + timedelta(days=min(day + portion, 40)))
    assert rows() == expected
    assert attribute(since=START, until=START + timedelta(days=40)) == len(expected)


def test_a_window_ends_to_the_second_and_machines_do_not_count(world):
    people, _campaigns, messages, _coupons = world
    email = messages[0, 0]
    ordered = START + timedelta(days=20)
    customer = people[0].pk
    record(
        [
            touch_event("old", email, "click", ordered - timedelta(days=7)),
            touch_event("machine", email, "click", ordered - timedelta(hours=1), machine=True),
            touch_event("later", email, "click", ordered + timedelta(seconds=1)),
            shop_event("o", "purchase", customer, "o", ordered, 10),
        ],
        START,
    )
    assert attribute(since=START, until=START + timedelta(days=40)) == 0
    record([touch_event("new", email, "click", ordered - timedelta(days=7) + timedelta(seconds=1))], START)
    attribute(since=START, until=START + timedelta(days=40))
    assert rows() == {(m, customer, "o"): (email.pk, "click", Decimal(10)) for m in ("last", "first")}


def test_a_refund_a_rollback_and_a_cancelled_order_take_back(world):
    people, campaigns, _messages, coupons = world
    customer, at = people[0].pk, START + timedelta(days=5)
    redemption = Redemption.objects.create(coupon=coupons[0, 0], customer_id=customer, order_id="o",
                                           currency="USD",
                                           redeemed_at=at)  # fmt: skip
    record([shop_event("o", "purchase", customer, "o", at, 50)], START)

    def now_it_is():
        attribute(since=START, until=START + timedelta(days=40))
        return attributed("campaign", str(campaigns[0].pk))

    assert now_it_is() == [Attributed(m, 1, 1, Decimal(50)) for m in ("last", "first")]
    record([shop_event("r", "refund", customer, "o", at + timedelta(days=90), -20)], START)
    assert now_it_is()[0].revenue == Decimal(30)
    Redemption.objects.filter(pk=redemption.pk).update(rolled_back_at=at)
    assert now_it_is() == [Attributed(m, 0, 0, Decimal(0)) for m in ("last", "first")]
    Redemption.objects.filter(pk=redemption.pk).update(rolled_back_at=None)
    record([shop_event("x", "cancel", customer, "o", at + timedelta(days=1))], START)
    assert now_it_is()[0].orders == 0


def test_orders_without_an_id_stand_for_themselves(world):
    people, _campaigns, messages, _coupons = world
    at = START + timedelta(days=5)
    record([touch_event("t", messages[0, 0], "click", at - timedelta(days=1))], START)
    record([shop_event(f"p{n}", "purchase", people[0].pk, None, at, 5) for n in range(2)], START)
    assert attribute(since=START, until=START + timedelta(days=40)) == 4
    assert sorted(Attribution.objects.values_list("amount", flat=True)) == [Decimal(5)] * 4


def test_the_command_takes_a_campaigns_window_or_days(world, capsys):
    people, campaigns, messages, _coupons = world
    at = START + timedelta(days=2)
    record(
        [
            touch_event("t", messages[1, 0], "click", at),
            shop_event("p", "purchase", people[0].pk, "o", at, 5),
        ],
        START,
    )
    Campaign.objects.filter(pk=campaigns[1].pk).update(launched_at=START)
    call_command("attribute", "--campaign", "c1")
    call_command("attribute", "--from", "2026-03-01", "--to", "2026-03-02")
    assert capsys.readouterr().out == "2 rows written.\n0 rows written.\n"
    for wrong in (
        ["--campaign", "nothing"],
        ["--from", "soon"],
        ["--from", "2026-03-02", "--to", "2026-03-01"],
    ):
        with pytest.raises(CommandError):
            call_command("attribute", *wrong)
