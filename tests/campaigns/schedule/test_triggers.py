"""An abandoned cart: two hours afterwards, unless something was bought. And others like it."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from campaigns import actions
from campaigns.models import Campaign, Firing
from campaigns.schedule.due import end_over
from campaigns.schedule.triggers import fire_triggers
from delivery import services as delivery
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from events import changes
from events.services import record
from segments.models import Segment, SegmentMembership
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.campaigns import make_products, make_test
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db(transaction=True)
ABANDONED = {
    "timing": "triggered", "trigger_event": "add_to_cart", "delay_minutes": 120, "unless_event": "purchase"
}  # fmt: skip


@pytest.fixture
def people(now):
    return make_customers(4, now=now)


def launch(now, **fields) -> Campaign:
    return actions.launch_campaign(make_campaign(now, **ABANDONED | fields), user=None, now=now)


def happens(kind, customer, at, *, arrives=None, key="", **more):
    event = {
        "source": "shop", "message_id": f"{kind}{customer.pk}{at}{key}", "type": kind,
        "customer_id": customer.pk, "occurred_at": at,
    }  # fmt: skip
    record([event | more], arrives or at)


def fire(now):
    return fire_triggers(now=now, as_of=now)


def send_all(now):
    return sum(deliver(run.pk, clock=lambda: now) for run in Run.objects.filter(state="running"))


def test_an_abandoned_cart_is_written_about_after_two_hours_unless_something_was_bought(people, now, postbox):
    campaign = launch(now)
    cart = now + timedelta(minutes=10)
    for customer in people[:3]:
        happens("add_to_cart", customer, cart)
    happens("view", people[3], cart)
    assert [fire(cart + timedelta(minutes=1)) for _ in range(2)] == [3, 0]
    run = Run.objects.get()
    assert (run.audience, run.state) == (3, "running")
    assert set(Message.objects.values_list("due_at", flat=True)) == {cart + timedelta(hours=2)}
    assert send_all(cart + timedelta(minutes=119)) == 0
    happens("purchase", people[0], cart + timedelta(minutes=118))
    assert send_all(cart + timedelta(minutes=120)) == 2
    assert sorted(m["To"] for m in postbox.mails) == ["c1@demo.invalid", "c2@demo.invalid"]
    bought = Message.objects.get(customer=people[0])
    assert (bought.state, bought.skip_reason) == ("skipped", "overtaken")
    campaign.refresh_from_db()
    assert campaign.state == "running"

    # Who bought may be reminded of the next cart; who was reminded has a week's rest.
    again = cart + timedelta(days=2)
    for customer in people[:2]:
        happens("add_to_cart", customer, again)
    assert fire(again) == 1
    assert Message.objects.filter(customer=people[0], occurrence=1, state="pending").exists()
    later = cart + timedelta(days=8)
    happens("add_to_cart", people[1], later)
    assert fire(later) == 1


def test_what_arrives_late_still_fires_at_once_and_what_is_too_old_does_not(people, now):
    launch(now)
    arrives = now + timedelta(days=3)
    happens("add_to_cart", people[0], arrives - timedelta(hours=23), arrives=arrives)
    happens("add_to_cart", people[1], arrives - timedelta(hours=25), arrives=arrives)
    happens("add_to_cart", people[2], now - timedelta(minutes=1), arrives=arrives)
    assert fire(arrives) == 1
    message = Message.objects.get()
    assert (message.customer_id, message.due_at) == (people[0].pk, arrives)
    # Of use for 48 hours from when it should have gone: 21 hours ago.
    assert message.expires_at == arrives + timedelta(hours=27)


def test_an_event_before_the_launch_sets_nothing_off(people, now):
    happens("add_to_cart", people[0], now - timedelta(minutes=1))
    launch(now)
    assert fire(now + timedelta(minutes=1)) == 0


def test_conditions_narrow_what_fires_and_a_segment_who_is_meant(people, now):
    products = make_products(2, now=now)
    segment = Segment.objects.create(slug="s", name="S", kind="static", created_at=now)
    for customer in people[:2]:
        SegmentMembership.objects.create(
            segment=segment, customer=customer, entered_at=now - timedelta(days=1)
        )
    where = {"product": "P0", "properties": {"size": "L"}}
    launch(now, segment=segment, trigger_where=where)
    at = now + timedelta(minutes=5)
    happens("add_to_cart", people[0], at, product_id=products[0].pk, properties={"size": "L"})
    happens("add_to_cart", people[1], at, product_id=products[0].pk, properties={"size": "M"})
    happens("add_to_cart", people[1], at, key="b", product_id=products[1].pk, properties={"size": "L"})
    happens("add_to_cart", people[2], at, product_id=products[0].pk, properties={"size": "L"})
    assert fire(at) == 1
    assert Message.objects.get().customer_id == people[0].pk


def test_what_happened_while_nobody_looked_goes_while_it_is_of_use_and_is_shown_when_it_is_not(people, now):
    launch(now, of_use_hours=12)
    back = now + timedelta(days=10)
    happens("add_to_cart", people[0], back - timedelta(hours=13))
    happens("add_to_cart", people[1], now + timedelta(days=1))
    happens("add_to_cart", people[1], now + timedelta(days=2))
    happens("add_to_cart", people[2], now + timedelta(days=1))
    happens("add_to_cart", people[2], back - timedelta(hours=1))
    assert [fire(back) for _ in range(2)] == [3, 0]
    found = {m.customer_id: (m.state, m.skip_reason, m.due_at) for m in Message.objects.all()}
    assert found == {
        people[0].pk: ("pending", "", back),  # at once, for one more hour
        people[1].pk: ("skipped", "expired", back),
        people[2].pk: ("pending", "", back + timedelta(hours=1)),  # the cart that is of use
    }
    assert (Run.objects.get().audience, Message.objects.count()) == (3, 3)
    # Who was told nothing may be told of the next cart.
    happens("add_to_cart", people[1], back)
    assert fire(back + timedelta(minutes=1)) == 1


def test_who_entered_a_segment_while_nobody_looked_is_written_to_in_time_or_shown(people, now):
    segment = Segment.objects.create(slug="s", name="S", kind="static", created_at=now)
    launch(now, trigger_event="", trigger_segment=segment, delay_minutes=60, unless_event="", of_use_hours=6)
    assert fire(now + timedelta(minutes=1)) == 0
    back = now + timedelta(days=3)
    for customer, ago in zip(people[:3], (6, 8, 60), strict=True):
        SegmentMembership.objects.create(
            segment=segment, customer=customer, entered_at=back - timedelta(hours=ago)
        )
    assert [fire(back) for _ in range(2)] == [3, 0]
    states = dict(Message.objects.values_list("customer_id", "state"))
    assert states == {people[0].pk: "pending", people[1].pk: "skipped", people[2].pk: "skipped"}
    assert set(Message.objects.filter(state="skipped").values_list("skip_reason", flat=True)) == {"expired"}
    pending = Message.objects.get(state="pending")
    assert (pending.due_at, pending.expires_at) == (back, back + timedelta(hours=1))


def test_each_time_when_no_rest_is_wanted(people, now):
    launch(now, again_after_days=0, unless_event="")
    for minute in (1, 2, 3):
        happens("add_to_cart", people[0], now + timedelta(minutes=minute))
    assert fire(now + timedelta(minutes=4)) == 3
    assert list(Message.objects.order_by("occurrence").values_list("occurrence", flat=True)) == [0, 1, 2]
    happens("add_to_cart", people[0], now + timedelta(minutes=5))
    assert fire(now + timedelta(minutes=6)) == 1
    assert Message.objects.filter(occurrence=3).count() == 1


def test_entering_a_segment_fires_once_for_each_stay(people, now):
    segment = Segment.objects.create(slug="s", name="S", kind="static", created_at=now)
    before = SegmentMembership.objects.create(segment=segment, customer=people[0], entered_at=now)
    launch(now, trigger_event="", trigger_segment=segment, delay_minutes=0, unless_event="")
    at = now + timedelta(minutes=5)
    SegmentMembership.objects.create(segment=segment, customer=people[1], entered_at=at)
    assert [fire(at) for _ in range(2)] == [1, 0]
    assert Message.objects.get().customer_id == people[1].pk
    assert not Firing.objects.filter(key=before.pk, customer_id=people[0].pk).exists()


def test_beats_that_come_together_fire_each_event_once(people, now):
    launch(now, again_after_days=0)
    for k in range(40):
        happens("add_to_cart", people[k % 4], now + timedelta(seconds=k))
    at = now + timedelta(minutes=1)
    barrier, fired = threading.Barrier(3), []

    def rival():
        barrier.wait()
        fired.append(fire(at))
        connection.close()

    threads = [threading.Thread(target=rival) for _ in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sum(fired) == 40
    assert (Message.objects.count(), Firing.objects.count(), Run.objects.get().audience) == (40, 40, 40)


def test_a_trigger_that_fails_keeps_no_other_back_and_is_tried_again(people, now, monkeypatch):
    launch(now)
    launch(now, slug="d")
    happens("add_to_cart", people[0], now + timedelta(seconds=1))
    at, real, calls = now + timedelta(minutes=1), delivery.join, []

    def fails_first(*args, **kwargs):
        calls.append(args)
        if len(calls) == 1:
            raise OperationalError("the connection was lost")
        return real(*args, **kwargs)

    monkeypatch.setattr(delivery, "join", fails_first)
    assert fire(at) == 1
    assert changes.waiting("triggers").customers == 1
    assert fire(at + changes.LEASE) == 1
    assert changes.waiting("triggers").customers == 0
    assert sorted(Run.objects.values_list("audience", flat=True)) == [1, 1]


def test_a_paused_campaign_collects_and_sends_when_it_goes_on(people, now, postbox):
    campaign = launch(now, delay_minutes=0)
    actions.pause_campaign(campaign, user=None, now=now)
    at = now + timedelta(minutes=1)
    happens("add_to_cart", people[0], at)
    assert fire(at) == 1
    assert Run.objects.get().state == "paused"
    assert send_all(at) == 0
    actions.resume_campaign(campaign, user=None, now=at)
    assert send_all(at) == 1


def test_a_triggered_campaign_ends_after_its_last_day_and_what_waits_still_goes(people, now, postbox):
    campaign = launch(now, delay_minutes=0, ends_on=now.date())
    happens("add_to_cart", people[0], now + timedelta(seconds=1))
    assert fire(now + timedelta(seconds=2)) == 1
    over = now + timedelta(days=1)
    assert end_over(now=over) == 1
    happens("add_to_cart", people[1], over)
    assert fire(over) == 0
    assert send_all(over) == 1
    campaign.refresh_from_db()
    assert campaign.state == "finished"


def test_arms_and_the_hold_out_are_given_when_it_fires(now):
    people = make_customers(40, now=now)
    launch(now, experiment=make_test(now=now, holdout=0.3))
    at = now + timedelta(minutes=1)
    for customer in people:
        happens("add_to_cart", customer, at)
    assert fire(at) == 40
    held = Message.objects.filter(state="held_out").count()
    assert 0 < held < 40
    arms = set(Message.objects.exclude(state="held_out").values_list("context__variant", flat=True))
    assert arms == {"control", "challenger"}
