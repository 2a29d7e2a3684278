"""What hold-outs of campaigns without a plan teach of offers: only rows whose chance is known."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from campaigns import actions
from campaigns.actions import ArmPlan, plan_test
from campaigns.experiments.models import Assignment, Experiment, Exposure
from campaigns.experiments.services import create_experiment
from campaigns.models import Campaign
from campaigns.schedule.triggers import fire_triggers
from campaigns.targeting import evidence
from campaigns.targeting.evidence import trial
from campaigns.targeting.knowledge import FEATURES
from campaigns.targeting.models import KnownThen, OfferPlan
from campaigns.tuning.targeting import learn_targeting
from core import clock
from customers.holdings import Rows
from customers.models import Customer
from events.services import record
from recommendations.models import TuningDecision
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db
TWO = [ArmPlan("a", "A", {"subject": "One"}), ArmPlan("b", "B", {"subject": "Two"})]


def launched(now, *, holdout=0.3, arms=TWO[:1], **fields):
    campaign = make_campaign(now, **fields)
    plan_test(
        campaign, user=None, now=now, arms=arms, holdout_share=holdout, test_share=None, metric="conversion",
        decide_after_days=7,
    )  # fmt: skip
    campaign.refresh_from_db()
    return actions.launch_campaign(campaign, user=None, now=now)


def test_a_launch_keeps_what_is_known_of_both_groups_and_nothing_of_who_refused(now, know, pool):
    people = make_customers(30, now=now)
    know(people[1], buys=0.12345, redeems=0.4, basket=30)
    Customer.objects.filter(pk=people[0].pk).update(no_profiling=True)
    campaign = launched(now, pool=pool(2, codes=30))
    kept = {row.customer_id: row.facts for row in KnownThen.objects.all()}
    assert set(kept) == {person.pk for person in people[1:]}
    assert {Assignment.objects.get(customer_id=pk).variant_id is None for pk in kept} == {True, False}
    assert all(set(facts) == set(FEATURES) for facts in kept.values())
    known = {"buys": 0.1235, "redeems": 0.4, "orders": 3, "recency_days": 10}
    assert {name: kept[people[1].pk][name] for name in known} == pytest.approx(known)
    assert float(kept[people[1].pk]["basket"]) == 30
    assert set(kept[people[2].pk].values()) == {None}
    assert set(KnownThen.objects.values_list("experiment", flat=True)) == {campaign.experiment_id}


@pytest.mark.parametrize("what", ["no code", "no hold-out"])
def test_nothing_is_kept_where_nothing_is_learned(what, now, pool):
    make_customers(10, now=now)
    fields = {"no code": {}, "no hold-out": {"pool": pool(2, codes=10), "holdout": 0.0, "arms": TWO}}
    launched(now, **fields[what])
    assert Assignment.objects.count() == 10
    assert not KnownThen.objects.exists()


def test_a_triggered_campaign_keeps_it_of_those_whom_it_met(now, pool):
    people = make_customers(10, now=now)
    campaign = launched(
        now, pool=pool(2, codes=10), timing="triggered", trigger_event="add_to_cart", delay_minutes=0
    )
    at = now + timedelta(minutes=1)
    record(
        [
            {"source": "shop", "message_id": f"{one.pk}", "type": "add_to_cart", "customer_id": one.pk,
             "occurred_at": at}
            for one in people[:6]
        ],
        at,
    )  # fmt: skip
    assert fire_triggers(now=at, as_of=at) == 6
    kept = KnownThen.objects.filter(experiment=campaign.experiment_id)
    assert set(kept.values_list("customer_id", flat=True)) == {person.pk for person in people[:6]}


def closed_test(now, pool, *, people, arms=({},), holdout="0.3", days=8, slug="t", held=None):
    """Store a test whose window is over, of people in turn held out and in its arms, all of whom met it.

    `held` says who was held out instead, where there is one arm.
    """
    campaign = make_campaign(now, slug=slug, pool=pool)
    test = create_experiment(
        key=slug, name=slug, salt=slug, window_days=7, metric="conversion", holdout_share=float(holdout),
        now=now, variants=[
            {"key": f"v{n}", "name": f"{n}", "is_control": n == 0, "levers": levers}
            for n, levers in enumerate(arms)
        ],
    )  # fmt: skip
    Campaign.objects.filter(pk=campaign.pk).update(experiment=test)
    places = [None, *test.variants.order_by("id")]
    turns = [n % len(places) for n in range(len(people))] if held is None else [int(not h) for h in held]
    policy = "fixed " + "/".join("1" for _ in arms)
    at = now - timedelta(days=days)
    rows = Assignment.objects.bulk_create(
        Assignment(experiment=test, customer=one, variant=places[turn], bucket=1, propensity=0.3,
                   policy_version=policy, at=at)
        for one, turn in zip(people, turns, strict=True)
    )  # fmt: skip
    Exposure.objects.bulk_create(Exposure(assignment=row, at=at, ghost=row.variant is None) for row in rows)
    KnownThen.objects.bulk_create(
        KnownThen(experiment=test, customer=one, facts=dict.fromkeys(FEATURES, n))
        for n, one in enumerate(people)
    )
    return test


def test_rows_have_their_exact_chance_and_only_those_whose_window_is_over(now, pool):
    people = make_customers(12, now=now)
    test = closed_test(now, pool(2), people=people[:8])
    closed_test(now, pool(3), people=people, days=6, slug="open")
    record(
        [
            {"source": "shop", "message_id": f"{n}", "type": "purchase", "customer_id": people[n].pk,
             "order_id": f"{n}", "occurred_at": now - timedelta(days=ago), "amount": "10", "currency": "USD"}
            for n, ago in ((0, 2), (1, 7.9), (2, 8.1), (3, 0.9))
        ],
        now,
    )  # fmt: skip
    Exposure.objects.filter(assignment__customer=people[4]).delete()  # never met
    Assignment.objects.filter(customer=people[5]).update(multiple=1)
    Customer.objects.filter(pk=people[6].pk).update(no_profiling=True)
    rows = trial(now)
    assert rows.values[:, 0].tolist() == [0, 1, 2, 3, 7]
    assert rows.treated.tolist() == [False, True, False, True, True]
    assert rows.came.tolist() == [1, 1, 0, 0, 0]
    assert rows.chance == pytest.approx([0.7] * 5)
    Experiment.objects.filter(pk=test.pk).update(holdout_share=0)  # nobody could have been left alone
    assert len(trial(now).came) == 0


def test_an_arm_without_a_code_is_neither_offered_something_nor_left_alone(now, pool):
    ten = pool(10)
    arms = ({"value": 0}, {"value": 10, "pool": str(ten.pk)})
    closed_test(now, None, people=make_customers(9, now=now), arms=arms, holdout="0.2")
    rows = trial(now)
    assert rows.values[:, 0].tolist() == [0, 2, 3, 5, 6, 8]  # 1, 4 and 7 got no code
    assert rows.treated.tolist() == [False, True] * 3
    # Two in ten are left alone, four in ten get a code: of those, two in three.
    assert rows.chance == pytest.approx([2 / 3] * 6)


def test_a_plan_that_left_nobody_alone_tells_nothing(now, plan):
    made = plan()
    [customer] = make_customers(1, now=now)
    made.offers.create(customer=customer, value=made.values.first(), why="best", facts={})
    OfferPlan.objects.filter(pk=made.pk).update(launched_at=now - timedelta(days=90), holdout_share=0)
    assert len(trial(now).came) == 0
    OfferPlan.objects.filter(pk=made.pk).update(holdout_share=Decimal("0.1"))
    assert trial(now).chance == pytest.approx([0.9])


@pytest.mark.long
def test_effects_ship_on_a_plain_campaigns_hold_out_alone_by_the_same_rule(now, pool, monkeypatch):
    """Offers move those with much of the one fact and little of the other; nobody made a plan before."""
    monkeypatch.setattr(clock, "known_until", lambda moment: moment)
    count, dice = 3_000, np.random.default_rng(0)
    people = Customer.objects.bulk_create(
        Customer(external_id=f"p{n}", created_at=now, updated_at=now) for n in range(count)
    )
    facts, held = dice.random((count, 2)), dice.random(count) < 0.5
    test = closed_test(now, pool(2), people=people, holdout="0.5", held=held)
    assert learn_targeting(now=now - timedelta(days=2)) == []
    rest, rows = dict.fromkeys(FEATURES[2:], 1.0), list(KnownThen.objects.order_by("id"))
    for row, (a, b) in zip(rows, facts, strict=True):
        row.facts = {FEATURES[0]: float(a), FEATURES[1]: float(b), **rest}
    KnownThen.objects.bulk_update(rows, ["facts"], batch_size=1000)
    a, b = facts.T
    came = dice.random(count) < 0.05 + 0.6 * ~held * ((a > 0.5) & (b < 0.5)) + 0.75 * (a < 0.5)
    record(
        [
            {"source": "shop", "message_id": f"{one.pk}", "type": "purchase", "customer_id": one.pk,
             "order_id": f"{one.pk}", "occurred_at": now - timedelta(days=2), "amount": "10",
             "currency": "USD"}
            for one, bought in zip(people, came, strict=True)
            if bought
        ],
        now,
    )  # fmt: skip
    [decision] = learn_targeting(now=now)
    assert (decision.state, decision.verdict, decision.evidence["reason"]) == ("applied", "better", "")
    month = (now - timedelta(days=8)).strftime("%Y-%m")
    assert decision.reference == f"targeting:{test.pk}:{month}"
    asked = np.array([[0.9, 0.1, *([1.0] * 6)], [0.1, 0.9, *([1.0] * 6)]])
    effect, told = evidence.learned(asked, as_of=now)
    assert effect[0] > 0.25 > 0.1 > effect[1]
    assert told["rows"] == count
    [again] = learn_targeting(now=now + timedelta(hours=1))
    assert again.pk == decision.pk
    assert TuningDecision.objects.count() == 1


def test_what_is_kept_goes_with_the_person(now, pool):
    one, other = make_customers(2, now=now)
    closed_test(now, pool(2), people=[one, other])
    rows = Rows(KnownThen, once=("experiment_id",))
    data = rows.merge(one.pk, other.pk, [], now)
    assert [row.customer_id for row in KnownThen.objects.all()] == [one.pk]
    rows.undo(one.pk, other.pk, [], data, now)
    assert set(KnownThen.objects.values_list("customer_id", flat=True)) == {one.pk, other.pk}
    one.delete()
    assert [row.customer_id for row in KnownThen.objects.all()] == [other.pk]
