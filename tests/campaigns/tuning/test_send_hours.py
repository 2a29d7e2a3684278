"""Hours learned from what a shop stored: who counts, and what does not."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import Campaign
from campaigns.schedule.learned import Standing, standing
from campaigns.schedule.learned_figures import Known, hour_of, known_of
from campaigns.schedule.models import PersonHour
from campaigns.tuning.send_hours import build, learn_send_hours
from customers.models import Customer
from delivery.models import Message, Run
from events.services import record
from recommendations.models import Posterior
from recommendations.services.tuning import roll_back
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)


def did(customer, kind, moments, **properties):
    record(
        [
            {"source": "shop", "message_id": f"{kind}{customer.pk}-{n}", "type": kind,
             "customer_id": customer.pk, "occurred_at": moment, "order_id": f"o{n}", "properties": properties}
            for n, moment in enumerate(moments)
        ],
        NOW,
    )  # fmt: skip


def days(hour, count, minute=20):
    return [datetime(2026, 6, 19, hour, minute, tzinfo=UTC) - timedelta(days=n) for n in range(count)]


def test_own_acts_by_the_own_clock_and_nothing_of_machines_or_of_who_refused():
    berlin, tokyo, refused, robot = make_customers(4, now=NOW)
    Customer.objects.filter(pk=berlin.pk).update(time_zone="Europe/Berlin")
    Customer.objects.filter(pk=tokyo.pk).update(time_zone="Asia/Tokyo")
    Customer.objects.filter(pk=refused.pk).update(no_profiling=True)
    did(berlin, "purchase", days(10, 40))  # noon
    did(tokyo, "message_clicked", days(10, 40), run="r")  # 19:00
    did(refused, "purchase", days(15, 60))
    did(robot, "message_clicked", days(16, 60), machine=True)
    did(robot, "purchase", days(0, 60, minute=0))  # days without a time
    did(robot, "message_opened", days(17, 60))
    hours, arms = build(as_of=NOW, now=NOW)
    assert dict(PersonHour.objects.values_list("customer_id", "hour")) == {
        berlin.pk: 12, tokyo.pk: 19, robot.pk: 12
    }  # fmt: skip
    assert hours.groups[""].acts.nonzero()[0].tolist() == [12, 19]
    assert hours.groups[""].acts.sum() == 80
    assert dict(PersonHour.objects.values_list("customer_id", "acts")) == {
        berlin.pk: 40, tokyo.pk: 40, robot.pk: 0
    }  # fmt: skip
    assert arms.comparison() is None
    kept = Posterior.objects.get(subject="send_hours", key="")
    assert kept.parameters["best"][""] == 12
    build(as_of=NOW, now=NOW)  # again is the same
    assert Posterior.objects.get(subject="send_hours", key="").parameters == kept.parameters


def test_messages_count_by_what_was_drawn_once_their_window_is_over():
    people = make_customers(5, now=NOW)
    campaign = make_campaign(NOW, learned_hours=True)
    run = Run.objects.create(
        source="campaign", reference=str(campaign.pk), channel="email", as_of=NOW,
        created_at=NOW - timedelta(days=5),
    )  # fmt: skip
    gone = NOW - timedelta(days=4)
    drawn = [("learned", 18, 0.8), ("usual", 9, 0.1), ("random", 11, 0.01), ("learned", 18, 0.8), None]
    for one, hour in zip(people, drawn, strict=True):
        context = {"hour": dict(zip(("arm", "at", "p"), hour, strict=True))} if hour else {}
        Message.objects.create(
            run=run, source="campaign", customer=one, channel="email", state="sent", context=context,
            due_at=gone, sent_at=gone if one != people[3] else NOW - timedelta(days=1),
        )  # fmt: skip
    did(people[0], "message_clicked", [gone + timedelta(hours=1)], run=str(run.pk))
    did(people[1], "message_clicked", [gone + timedelta(days=3, hours=1)], run=str(run.pk))  # too late
    did(people[2], "message_clicked", [gone + timedelta(hours=1)], run=str(run.pk), machine=True)
    hours, arms = build(as_of=NOW, now=NOW)
    told = hours.groups[""]
    assert {h: round(float(w), 3) for h, w in enumerate(told.weight) if w} == {
        9: round(1 / 1.3, 3), 11: round(1 / 0.13, 3), 18: round(1 / 10.4, 3)
    }  # fmt: skip
    assert told.clicked.nonzero()[0].tolist() == [18]
    assert (arms.learned, arms.usual) == ((1, 1), (1, 0))


def sent(now, *, learned, usual, refused=0):
    """Store messages of a launch: (how many, how many of them clicked) by arm."""
    slug = f"c{Campaign.objects.count()}"
    campaign = make_campaign(NOW, slug=slug, learned_hours=True)
    run = Run.objects.create(
        source="campaign", reference=str(campaign.pk), channel="email", as_of=NOW, created_at=now
    )
    people = Customer.objects.bulk_create(
        Customer(external_id=f"x{n}", created_at=NOW, updated_at=NOW, no_profiling=n < refused)
        for n in range(learned[0] + usual[0])
    )
    arms = [("learned", n < learned[1]) for n in range(learned[0])]
    arms += [("usual", n < usual[1]) for n in range(usual[0])]
    Message.objects.bulk_create(
        Message(
            run=run, source="campaign", customer=one, channel="email", state="sent", due_at=now, sent_at=now,
            context={"hour": {"arm": arm, "at": 18 if arm == "learned" else 9, "p": 0.1}},
        )
        for one, (arm, _clicked) in zip(people, arms, strict=True)
    )  # fmt: skip
    clicks = [one for one, (_arm, clicked) in zip(people, arms, strict=True) if clicked]
    record(
        [
            {"source": "shop", "message_id": f"k{one.pk}", "type": "message_clicked", "customer_id": one.pk,
             "occurred_at": now + timedelta(minutes=5), "properties": {"run": str(run.pk)}}
            for one in clicks
        ],
        NOW,
    )  # fmt: skip


def test_what_an_hour_rests_on_is_told_with_its_range():
    (known, newcomer, refused) = make_customers(3, now=NOW)
    Customer.objects.filter(pk=refused.pk).update(no_profiling=True)
    refused.no_profiling = True
    did(known, "purchase", days(18, 30))
    assert hour_of(known) is None  # before the first night
    build(as_of=NOW, now=NOW)
    own, alike = hour_of(known), hour_of(newcomer)
    assert (own.row.hour, own.until, own.row.acts, own.row.sent, own.own) == (18, 19, 30, 0, True)
    assert (alike.row.acts, alike.own) == (0, False)
    assert hour_of(refused) is None
    # What is known from above weighs as much as 50 messages to a person: the range of that many.
    half = 1.959964 * (own.row.rate * (1 - own.row.rate) / 51) ** 0.5
    assert (own.row.low, own.row.high) == pytest.approx((own.row.rate - half, own.row.rate + half), abs=1e-5)
    assert (own.gone, own.since) == (0, None)
    everybody = ("SELECT id AS customer_id FROM customers_customer", [])
    assert known_of(everybody) == Known(own=1, alike=1, refused=1, used=True)
    assert known_of(everybody).people == 3
    # Of two messages one went at the learned hour; those held out or to others are not counted.
    campaign = make_campaign(NOW, learned_hours=True)
    run = Run.objects.create(
        source="campaign", reference=str(campaign.pk), channel="email", as_of=NOW, created_at=NOW
    )
    for n, (one, arm, state) in enumerate(
        [(known, "learned", "sent"), (known, "usual", "sent"), (known, "learned", "skipped"),
         (newcomer, "learned", "sent")]
    ):  # fmt: skip
        Message.objects.create(
            run=run, source="campaign", customer=one, channel="email", state=state, due_at=NOW, sent_at=NOW,
            context={"hour": {"arm": arm, "at": 18, "p": 0.8}}, occurrence=n,
        )  # fmt: skip
    told = hour_of(known)
    assert (told.gone, told.since) == (1, NOW)


def test_hours_that_harm_are_not_used_any_more_and_come_back_by_a_click():
    sent(NOW - timedelta(days=5), learned=(1600, 16), usual=(800, 60))
    [decision] = learn_send_hours(now=NOW)
    assert (decision.state, decision.verdict) == ("applied", "worse")
    assert standing() == Standing(use=False, hour=9)
    assert learn_send_hours(now=NOW + timedelta(days=1)) == []
    roll_back(decision, user=None, now=NOW)
    assert standing().use is True
    assert learn_send_hours(now=NOW + timedelta(days=2)) == []


def test_no_clear_difference_decides_nothing_and_a_gain_is_noted():
    sent(NOW - timedelta(days=5), learned=(400, 24), usual=(50, 2))
    assert learn_send_hours(now=NOW) == []
    Message.objects.all().delete()
    Customer.objects.all().delete()
    Run.objects.all().delete()
    sent(NOW - timedelta(days=5), learned=(1600, 120), usual=(800, 8))
    [decision] = learn_send_hours(now=NOW)
    assert (decision.state, decision.verdict, decision.changed) == ("noted", "better", False)
    assert decision.expected["shrunk"] < decision.expected["lift"]


def test_who_refused_moves_nothing():
    sent(NOW - timedelta(days=5), learned=(1600, 16), usual=(800, 60), refused=2400)
    assert learn_send_hours(now=NOW) == []
    assert not PersonHour.objects.exists()
    assert Posterior.objects.get(subject="send_hours").parameters["hours"][""]["weight"] == [0.0] * 24
