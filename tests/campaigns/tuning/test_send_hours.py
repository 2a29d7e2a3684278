"""Hours learned from what a shop stored: who counts, and what does not."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.schedule.models import PersonHour
from campaigns.tuning.send_hours import build
from customers.models import Customer
from delivery.models import Message, Run
from events.services import record
from recommendations.models import Posterior
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
