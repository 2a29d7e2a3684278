"""Targeting by uplift as a tuning decision: only where chance-made rows prove it, and back by a click."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from campaigns.targeting import evidence
from campaigns.targeting.knowledge import FEATURES
from campaigns.targeting.models import OfferPlan, PlannedOffer
from campaigns.tuning.targeting import learn_targeting
from customers.models import Customer
from events.services import record
from recommendations.models import Posterior
from recommendations.services.tuning import roll_back
from tests.factories.coupons import PoolFactory
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
PEOPLE = 3_000


def closed_plan(slug, chance, *, refused=0, ended=timedelta(days=1), seed=0):
    """Store a plan that is over; `chance(facts, treated)` is each person's chance to buy."""
    launched = NOW - ended - timedelta(days=28)
    plan = OfferPlan.objects.create(
        slug=slug, name=slug, budget=Decimal(1), currency="USD", margin_share=Decimal("0.3"), window_days=28,
        launched_at=launched, created_at=launched,
    )  # fmt: skip
    promotion = PromotionFactory(created_at=NOW, benefit={"kind": "amount", "amount": "2"})
    value = plan.values.create(pool=PoolFactory(created_at=NOW, promotion=promotion, name=slug))
    people = Customer.objects.bulk_create(
        Customer(external_id=f"{slug}{n}", created_at=NOW, updated_at=NOW, no_profiling=n < refused)
        for n in range(PEOPLE)
    )
    dice = np.random.default_rng(seed)
    facts, held = dice.random((PEOPLE, 2)), dice.random(PEOPLE) < 0.5
    rest = dict.fromkeys(FEATURES[2:], 1.0)
    PlannedOffer.objects.bulk_create(
        PlannedOffer(
            plan=plan, customer=one, value=value, held_out=bool(h), why="best",
            facts={FEATURES[0]: float(a), FEATURES[1]: float(b), **rest},
        )
        for one, (a, b), h in zip(people, facts, held, strict=True)
    )  # fmt: skip
    came = dice.random(PEOPLE) < chance(facts, ~held)
    record(
        [
            {"source": "shop", "message_id": f"{slug}{one.pk}", "type": "purchase", "customer_id": one.pk,
             "order_id": f"{slug}{one.pk}", "occurred_at": launched + timedelta(days=2),
             "amount": Decimal(10), "currency": "USD"}
            for one, bought in zip(people, came, strict=True)
            if bought
        ],
        NOW,
    )  # fmt: skip
    return plan


def persuadable(facts, treated):
    """Offers move those with much of the one and little of the other; habit says nothing of it."""
    a, b = facts.T
    return 0.05 + 0.6 * treated * ((a > 0.5) & (b < 0.5)) + 0.75 * (a < 0.5)


def nobody(facts, treated):
    return 0.1 + 0.3 * facts[:, 0] + 0.05 * treated


def test_it_ships_where_proven_and_rolls_back_to_the_very_behaviour():
    asked = np.array([[0.9, 0.1, *([1.0] * 6)], [0.1, 0.9, *([1.0] * 6)]])
    closed_plan("moved", persuadable)
    Posterior.objects.create(
        subject="targeting", key="", parameters={"use": False, "evidence": {}}, updated_at=NOW
    )
    assert evidence.learned(asked, as_of=NOW) == (None, {})
    [decision] = learn_targeting(now=NOW)
    assert (decision.state, decision.verdict, decision.evidence["reason"]) == ("applied", "better", "")
    assert decision.evidence["over_response"]["low"] > 0
    assert decision.evidence["over_single"]["low"] > 0
    curve = decision.evidence["curve"]
    assert list(curve[0]) == [0, 0]
    assert curve[-1][0] == 1
    effect, told = evidence.learned(asked, as_of=NOW)
    assert effect[0] > 0.25 > 0.1 > effect[1]
    assert told["rows"] == PEOPLE
    assert [one.pk for one in learn_targeting(now=NOW + timedelta(hours=1))] == [decision.pk]
    roll_back(decision, user=None, now=NOW)
    assert evidence.learned(asked, as_of=NOW) == (None, {})


def test_no_reliable_gain_is_noted_and_said():
    closed_plan("same", nobody)
    [decision] = learn_targeting(now=NOW)
    assert (decision.state, decision.verdict, decision.changed) == ("noted", "no difference", False)
    effect, told = evidence.learned(np.zeros((1, 8)), as_of=NOW)
    assert effect is None
    assert told["reason"] in ("no_gain", "no_better_than_response", "no_better_than_single")


def test_only_closed_windows_and_nobody_who_refused():
    closed_plan("open", persuadable, ended=timedelta(days=-3))
    assert learn_targeting(now=NOW) == []
    closed_plan("refused", persuadable, refused=PEOPLE)
    assert len(evidence.trial(NOW).came) == 0
