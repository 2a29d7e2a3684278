"""Each ready-made is launchable as it is, and writes to the right person and to nobody else."""

from datetime import timedelta
from decimal import Decimal

import pytest

from campaigns import actions
from campaigns.coupons import pools
from campaigns.models import Campaign
from campaigns.planning.ready_made import READY_MADE
from campaigns.preflight import problems
from campaigns.schedule.triggers import fire_triggers
from catalog.models import Product
from catalog.services import upsert_products
from core.money import Money
from customers.models import Customer
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from events.catalogue import note_changes
from events.models import Event
from events.services import record
from segments.refresh import refresh_segment
from tests.factories.campaigns import make_lists, make_products
from tests.factories.coupons import PoolFactory
from tests.factories.delivery import make_customers
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(now):
    people = make_customers(4, now=now)
    make_lists("popularity", make_products(6, now=now), people, now=now, champion=True)
    return people


def launch(ready, now) -> Campaign:
    campaign = actions.draft_campaign(user=None, now=now, ready=ready)
    assert problems(campaign, now=now) == []
    return actions.launch_campaign(campaign, user=None, now=now)


def happens(kind, customer, at, **more):
    event = {
        "source": "shop", "message_id": f"{kind}{customer.pk}{at}{sorted(more)}", "type": kind,
        "customer_id": customer.pk, "occurred_at": at,
    }  # fmt: skip
    record([event | more], at)


def mails_at(moment, postbox) -> dict[str, str]:
    """Let everything happen that is due, and return what arrived: subject by address."""
    fire_triggers(now=moment, as_of=moment)
    for run in Run.objects.filter(state="running"):
        deliver(run.pk, clock=lambda: moment)
    return {mail["To"]: str(mail["Subject"]) for mail in postbox.mails}


@pytest.mark.parametrize("ready", READY_MADE)
def test_each_is_a_whole_draft(db, now, ready):
    campaign = actions.draft_campaign(user=None, now=now, ready=ready)
    assert problems(campaign, now=now) == []
    assert (campaign.timing, campaign.ready_made) == ("triggered", ready)
    again = actions.draft_campaign(user=None, now=now, ready=ready)
    assert (again.content, again.trigger_segment) == (campaign.content, campaign.trigger_segment)


def test_welcome(people, now, postbox):
    launch("welcome", now)
    at = now + timedelta(minutes=1)
    happens("subscribe", people[0], at)
    happens("view", people[1], at)
    assert mails_at(at + timedelta(minutes=4), postbox) == {}
    assert set(mails_at(at + timedelta(minutes=6), postbox)) == {"c0@demo.invalid"}


def test_abandoned_cart(people, now, postbox):
    launch("cart", now)
    at = now + timedelta(minutes=1)
    for customer in people[:2]:
        happens("add_to_cart", customer, at)
    happens("purchase", people[1], at + timedelta(minutes=20))
    assert mails_at(at + timedelta(minutes=30), postbox) == {}
    assert set(mails_at(at + timedelta(minutes=61), postbox)) == {"c0@demo.invalid"}


def test_win_back_with_a_code_where_there_are_some(people, now, postbox):
    pool = PoolFactory(created_at=now, promotion=PromotionFactory(created_at=now))
    pools.generate_codes(pool, 5, now=now)
    launched = launch("win_back", now)
    assert launched.pool == pool
    quiet = launched.trigger_segment
    at = now + timedelta(minutes=1)
    enter(quiet, people[2], at)
    arrived = mails_at(at + timedelta(minutes=1), postbox)
    assert set(arrived) == {"c2@demo.invalid"}
    assert Message.objects.get().context["coupon"]


def enter(segment, customer, at):
    segment.memberships.create(customer=customer, entered_at=at)


def test_birthday(people, now, postbox):
    launched = launch("birthday", now)
    tomorrow = now + timedelta(days=1)
    # By the clocks of the world it is that day somewhere: the shop's zone decides for those without one.
    Customer.objects.filter(pk=people[0].pk).update(birth_month_day=f"{tomorrow:%m-%d}")
    Customer.objects.filter(pk=people[1].pk).update(birth_month_day=f"{tomorrow + timedelta(days=40):%m-%d}")
    refresh_segment(launched.trigger_segment, as_of=now, now=now)
    assert mails_at(now + timedelta(minutes=1), postbox) == {}
    refresh_segment(launched.trigger_segment, as_of=tomorrow, now=tomorrow)
    assert set(mails_at(tomorrow + timedelta(minutes=1), postbox)) == {"c0@demo.invalid"}
    # A year later again, and not before.
    after = tomorrow + timedelta(days=2)
    refresh_segment(launched.trigger_segment, as_of=after, now=after)
    assert len(mails_at(after, postbox)) == 1


def change(product, at, **values):
    row = {"sku": product.sku, "name": product.name} | values
    upsert_products([row], at)
    note_changes(at)


def test_price_drop(people, now, postbox):
    product, other = Product.objects.order_by("pk")[:2]
    before = now - timedelta(days=2)
    happens("view", people[0], before, product_id=product.pk)
    happens("view", people[1], before, product_id=other.pk)
    happens("add_to_cart", people[2], before, product_id=product.pk)
    happens("purchase", people[2], before + timedelta(hours=1), product_id=product.pk)
    change(product, before, price=Money(Decimal("9.00"), "USD"))
    launch("price_drop", now)
    assert mails_at(now + timedelta(minutes=1), postbox) == {}
    at = now + timedelta(minutes=2)
    change(product, at, price=Money(Decimal("5.00"), "USD"))
    assert Event.objects.filter(type="price_drop", occurred_at=at).count() == 1
    arrived = mails_at(at + timedelta(minutes=1), postbox)
    assert arrived == {"c0@demo.invalid": f"{product.name} costs less now"}
    assert mails_at(at + timedelta(minutes=2), postbox) == arrived
    assert Message.objects.get().context["products"] == [product.sku]


def test_back_in_stock(people, now, postbox):
    product, other = Product.objects.order_by("pk")[:2]
    before = now - timedelta(days=2)
    change(product, before, stock=0)
    happens("view", people[0], before, product_id=product.pk)
    happens("view", people[1], before, product_id=other.pk)
    launch("back_in_stock", now)
    at = now + timedelta(minutes=2)
    change(product, at, stock=5)
    assert mails_at(at + timedelta(minutes=1), postbox) == {"c0@demo.invalid": f"{product.name} is back"}
