"""A test in waves: a part first, the winner to the rest, and shares that learn."""

from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from campaigns import actions
from campaigns.actions import ArmPlan, plan_test
from campaigns.experiments.models import Assignment, Exposure, Wave
from campaigns.models import Campaign
from campaigns.selectors import runs_of
from campaigns.waves import look_at_tests, send_due_waves
from core import clock
from customers.models import Customer
from delivery.models import Message
from delivery.outbox.send import deliver
from events.models import Event
from tests.campaigns.actions.conftest import now, postbox
from tests.factories.campaigns import make_lists, make_products, starter
from tests.factories.delivery import make_customers

__all__ = ["now", "postbox"]
pytestmark = pytest.mark.django_db(transaction=True)

ARMS = [ArmPlan("a", "A", {"subject": "First"}), ArmPlan("b", "B", {"subject": "Second"})]


def launched(now, *, people=60, **plan) -> Campaign:
    """Launch a campaign with a test in waves, a week ago."""
    everyone = make_customers(people, now=now)
    make_lists("popularity", make_products(6, now=now), everyone, now=now, champion=True)
    campaign = actions.create_campaign(
        slug="picks", name="Picks", kind="email", user=None, now=now, content=starter("welcome", now=now)
    )
    options = {"holdout_share": 0.0, "test_share": 0.5, "metric": "conversion", "decide_after_days": 2} | plan
    plan_test(campaign, user=None, now=now, arms=ARMS, **options)
    campaign.refresh_from_db()
    return actions.launch_campaign(campaign, user=None, now=now)


def sent_all(campaign, at=None):
    for run in runs_of(campaign):
        deliver(run.pk, clock=(lambda: at) if at else clock.now)


def bought(customers, at):
    Event.objects.bulk_create(
        Event(source="t", message_id=f"{pk}", type="purchase", customer_id=pk, order_id=f"o{pk}", amount=10,
              quantity=1, occurred_at=at, received_at=at)
        for pk in customers
    )  # fmt: skip


@pytest.fixture
def begun(now, postbox):
    """A campaign whose first half has gone; Exposure is moved to before the decision."""
    campaign = launched(now)
    sent_all(campaign)
    return campaign


def test_the_winner_goes_to_the_rest_by_the_rules_and_once(begun, now, postbox):
    first = {a.customer_id: a.variant.key for a in Assignment.objects.select_related("variant")}
    later = now + timedelta(days=2, minutes=5)
    assert send_due_waves(now=now + timedelta(days=1), as_of=now) == 0
    # Everybody in b orders, nobody in a: about 15 against 0 of 15 each, and 25 conversions are needed.
    bought([pk for pk, arm in first.items() if arm == "b"], clock.now() + timedelta(hours=1))
    assert send_due_waves(now=later + timedelta(hours=1), as_of=later) == 1
    assert send_due_waves(now=later + timedelta(hours=1), as_of=later) == 0
    begun.experiment.refresh_from_db()
    decision = begun.experiment.decision
    enough = len([1 for arm in first.values() if arm == "b"]) >= 25
    assert decision["winner"] == ("b" if enough else "a")
    rest = Assignment.objects.filter(wave__number=2)
    assert rest.count() == 60 - len(first)
    assert set(rest.values_list("variant__key", flat=True)) == {decision["winner"]}
    assert not rest.filter(explored=True).exists()
    assert runs_of(begun).count() == 2
    assert Message.objects.values("customer").distinct().count() == Message.objects.count() == 60
    assert AuditEntry.objects.filter(action="send_wave").count() == 1
    sent_all(begun, at=later + timedelta(hours=2))
    assert len(postbox.mails) == 60
    begun.refresh_from_db()
    assert begun.state == Campaign.State.FINISHED


def test_no_clear_winner_sends_the_control_to_the_rest(begun, now):
    later = now + timedelta(days=2, hours=2)
    assert send_due_waves(now=later, as_of=later) == 1
    begun.experiment.refresh_from_db()
    assert begun.experiment.decision["winner"] == "a"
    assert begun.experiment.snapshots.get(planned=True).statistics["last"] is True


def test_a_paused_campaign_sends_no_wave_and_a_cancelled_one_never(begun, now):
    later = now + timedelta(days=3)
    Campaign.objects.filter(pk=begun.pk).update(state=Campaign.State.PAUSED)
    assert send_due_waves(now=later, as_of=later) == 0
    Campaign.objects.filter(pk=begun.pk).update(state=Campaign.State.CANCELLED)
    assert send_due_waves(now=later, as_of=later) == 0
    assert Wave.objects.filter(sent_at=None).count() == 1


def test_a_decision_by_hand_lets_the_rest_go_at_once(begun, now):
    from campaigns.experiments.live.deciding import decide_by_hand

    decide_by_hand(begun.experiment, winner="b", reason="Sure.", user=None, now=now)
    soon = now + timedelta(minutes=1)
    assert send_due_waves(now=soon, as_of=soon) == 1
    keys = Assignment.objects.filter(wave__number=2).values_list("variant__key", flat=True)
    assert set(keys) == {"b"}


def test_watching_before_the_winner_goes_decides_nothing(begun, now):
    assert look_at_tests(now=clock.now() + timedelta(hours=1)) == 1
    begun.experiment.refresh_from_db()
    assert begun.experiment.state == "running"
    assert not begun.experiment.snapshots.filter(planned=True).exists()


def test_waves_learn_and_keep_a_floor_at_equal_shares(now, postbox):
    campaign = launched(now, people=200, method="bandit", test_share=None, decide_after_days=4)
    sent_all(campaign)
    experiment = campaign.experiment
    waves = list(experiment.waves.all())
    assert [(w.low, w.high) for w in waves] == [(0, 2500), (2500, 5000), (5000, 7500), (7500, 10000)]
    first = Assignment.objects.filter(wave=waves[0])
    assert set(first.values_list("explored", flat=True)) == {True}
    bought(first.filter(variant__key="b").values_list("customer_id", flat=True), clock.now())
    second = now + timedelta(days=1, minutes=1)
    assert send_due_waves(now=second, as_of=second) == 1
    wave = experiment.waves.get(number=2)
    assert wave.weights["b"] > 0.95 > 0.05 > wave.weights["a"] >= 0.01
    assert wave.evidence["waves"][0]["arms"]["a"][0] == 0
    for row in Assignment.objects.filter(wave=wave).select_related("variant"):
        assert row.propensity == pytest.approx(wave.weights[row.variant.key], abs=0.001)
    assert send_due_waves(now=second, as_of=second) == 0


def test_the_global_control_group_gets_nothing_and_is_in_no_test(now, postbox):
    from decimal import Decimal

    from campaigns.experiments.services import open_holdout

    make_customers(40, now=now, first=100)
    group = open_holdout(share=Decimal("0.2"), user=None, now=now)
    held = set(group.members.values_list("customer_id", flat=True))
    assert 0 < len(held) < 40
    campaign = launched(now, people=40, test_share=None)
    sent_all(campaign)
    alone = set(group.members.values_list("customer_id", flat=True))
    assert held < alone or held == alone  # who came since the draw is drawn by the same hash
    assert not Assignment.objects.filter(customer__in=alone).exists()
    messages = Message.objects.filter(customer__in=alone)
    assert set(messages.values_list("state", flat=True)) == {"held_out"}
    assert messages.count() == len(alone)
    assert all(m.context["control_group"] for m in messages)
    assert len(postbox.mails) == Customer.objects.count() - len(alone)
    assert not Exposure.objects.filter(ghost=True).exists()
