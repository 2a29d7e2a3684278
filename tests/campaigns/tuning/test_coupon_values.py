"""Coupon values as a lever: who is in the draw, what is counted, and what the next test begins with."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from campaigns.actions import ArmPlan, plan_test
from campaigns.arms import arms_of
from campaigns.coupons.pools import create_pool
from campaigns.experiments.models import Assignment, Experiment, Exposure
from campaigns.experiments.services import create_experiment
from campaigns.learning.coupon_values import CouponValues
from campaigns.models import CampaignRules
from campaigns.promotions.models import Promotion
from campaigns.tuning.coupon_values import learn_coupon_values
from campaigns.values import in_the_draw, shares_for
from customers.models import Customer
from events.services import record
from recommendations.models import Posterior
from recommendations.services.tuning import approve_decision, roll_back
from tests.campaigns.schedule.plain import make_campaign

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)


def pool(percent):
    promotion = Promotion.objects.create(
        slug=f"off-{percent}", name=f"{percent} off", benefit={"kind": "percent", "percent": str(percent)},
        currency="USD", needs_code=True, created_at=NOW,
    )  # fmt: skip
    return create_pool(name=f"{percent} %", promotion=promotion, now=NOW)


def plan(campaign, arms, **more):
    more = {"holdout_share": 0.1, "test_share": None, "metric": "margin", "decide_after_days": 7} | more
    return plan_test(
        campaign, user=None, now=NOW, **more,
        arms=[ArmPlan(f"v{n}", f"{n}", levers) for n, levers in enumerate(arms)],
    )  # fmt: skip


def value(percent, of=None):
    return {"value": percent} | ({"pool": str(of.pk)} if of else {})


def test_what_a_test_of_values_must_be():
    five, ten = pool(5), pool(10)
    campaign = make_campaign(NOW)
    test = plan(campaign, [value(0), value(5, five), value(10, ten)])
    campaign.refresh_from_db()
    assert [v.levers["value"] for v in test.variants.all()] == [0, 5, 10]
    assert {key: arm.pool for key, arm in arms_of(campaign).items()} == {
        None: None, "v0": None, "v1": five, "v2": ten
    }  # fmt: skip
    CampaignRules.objects.create(pk=1, value_cap=5)
    for arms, more, said in (
        ([value(0), value(10, five)], {}, "10 % off"),
        ([value(0), value(10, ten)], {}, "up to 5"),
        ([value(0, five), value(5, five)], {}, "no pool"),
        ([value(0), {"subject": "Hello"}], {}, "every arm has one"),
        ([value(0), value(5, five)], {"metric": "conversion"}, "by margin"),
    ):
        with pytest.raises(ValidationError, match=said):
            plan(campaign, arms, **more)


def test_who_is_in_the_draw(settings):
    settings.SHOP_COUNTRY = "US"
    campaign = make_campaign(NOW)
    CampaignRules.objects.create(pk=1, values_off=["GB"])
    for key, fields in {
        "in": {}, "us": {"country": "US"}, "gb": {"country": "GB"}, "de": {"country": "DE"},
        "refused": {"no_profiling": True},
    }.items():  # fmt: skip
        Customer.objects.create(external_id=key, created_at=NOW, updated_at=NOW, **fields)

    def drawn():
        sql, params = in_the_draw(("SELECT id AS customer_id FROM customers_customer", []), campaign)
        found = Customer.objects.raw(f"SELECT customer_id AS id FROM ({sql}) d", params)
        return {Customer.objects.get(pk=one.pk).external_id for one in found}

    assert drawn() == {"in", "us"}
    blocks = [*campaign.content.blocks, {"kind": "text", "text": "{{ coupon.how }}"}]
    campaign.content.blocks = blocks
    assert drawn() == {"in", "us", "de"}


def ended(key, arms, *, started, refused=()):
    """Store a test that is over: by value (None is held out) how many were met, ordered, at what discount."""
    values = [v for v in arms if v is not None]
    test = create_experiment(
        key=key, name=key, salt=key, window_days=7, metric="margin", holdout_share=0.1, now=started,
        variants=[
            {"key": f"v{v}", "name": str(v), "is_control": v == values[0], "levers": {"value": v}}
            for v in values
        ],
    )  # fmt: skip
    Experiment.objects.filter(pk=test.pk).update(starts_at=started, state="running")
    of = {v.levers["value"]: v for v in test.variants.all()}
    facts = []
    for v, (met, ordered, discount) in arms.items():
        people = Customer.objects.bulk_create(
            Customer(external_id=f"{key}-{v}-{n}", created_at=NOW, updated_at=NOW, no_profiling=v in refused)
            for n in range(met)
        )
        rows = Assignment.objects.bulk_create(
            Assignment(experiment=test, customer=c, variant=of.get(v), bucket=1, propensity=0.3, at=started)
            for c in people
        )
        Exposure.objects.bulk_create(Exposure(assignment=row, at=started, ghost=v is None) for row in rows)
        facts += [
            {"source": "shop", "message_id": f"{key}{c.pk}", "type": "purchase", "customer_id": c.pk,
             "order_id": f"{key}{c.pk}", "occurred_at": started + timedelta(days=1), "currency": "USD",
             "amount": Decimal(100 - discount), "discount": Decimal(discount)}
            for c in people[:ordered]
        ]  # fmt: skip
    record(facts, NOW)
    return test


def test_shares_go_where_the_margin_is_and_a_person_agrees(settings):
    settings.MARGIN_SHARE = 0.5
    arms = {None: (100, 5, 0), 0: (400, 20, 0), 10: (400, 60, 10), 40: (400, 64, 40)}
    ended("spring", arms, started=NOW - timedelta(days=9))
    [decision] = learn_coupon_values(now=NOW)
    assert decision.state == "proposed"
    told = decision.evidence["arms"]
    # By hand 20, 60 and 64 of 400 orders at 50 less 0, 10 and 40; what is shrunk stays near that.
    by_hand = {"0": 20 / 400 * 50, "10": 60 / 400 * 40, "40": 64 / 400 * 10}
    assert {arm: one["margin"] for arm, one in told.items()} == pytest.approx(by_hand, abs=0.6)
    assert decision.after["10"] > 0.9
    assert min(decision.after.values()) >= 0.0099
    assert shares_for([0, 10, 40]) == {0: 1, 10: 1, 40: 1}
    approve_decision(decision, user=None, now=NOW)
    learned = shares_for([0, 10, 40])
    assert learned[10] > 900
    assert learned[0] >= 10
    next_one = make_campaign(NOW, slug="next")
    test = plan(next_one, [value(0), value(10, pool(10)), value(40, pool(40))])
    assert [v.weight for v in test.variants.all()] == list(learned.values())
    assert learn_coupon_values(now=NOW) == []  # counted once
    roll_back(decision, user=None, now=NOW)
    assert shares_for([0, 10, 40]) == {0: 1, 10: 1, 40: 1}


def memory():
    return Posterior.objects.get(subject="coupon_values", key="memory").parameters["waves"]


def test_an_open_window_counts_by_what_could_be_seen_and_who_refused_is_in_no_count():
    ended("young", {0: (10, 1, 0), 10: (10, 2, 10)}, started=NOW - timedelta(days=3))
    assert learn_coupon_values(now=NOW) == []  # less than half of its orders could be seen
    ended("half", {0: (10, 1, 0), 10: (10, 2, 10)}, started=NOW - timedelta(days=9), refused=(10,))
    learn_coupon_values(now=NOW)
    [wave] = memory()
    [[context, cells]] = wave["cells"]
    assert (context, set(cells), cells["0"][0], wave["shown"]) == (["everybody"], {"0"}, 10, 1)
    later = NOW + timedelta(days=1)
    assert len(learn_coupon_values(now=later)) == 1
    young = memory()[1]
    # No curve is known yet, so orders are taken to come evenly over 25 periods: 13.7 of 24 are over.
    assert (young["key"], young["turn"], young["shown"]) == ("young fixed", "young", pytest.approx(14 / 25))
    learn_coupon_values(now=NOW + timedelta(days=5))
    assert [wave["shown"] for wave in memory()] == [1, 1]
    assert learn_coupon_values(now=NOW + timedelta(days=6)) == []  # all is seen


def test_only_those_drawn_at_the_same_shares_are_compared():
    """The shares moved to 10 % in the second week, when everybody bought more: the move is not its merit."""
    test = ended("moved", {0: (400, 20, 0), 10: (100, 5, 10)}, started=NOW - timedelta(days=20))
    second = ended("x", {0: (100, 20, 0), 10: (400, 80, 10)}, started=NOW - timedelta(days=10))
    rows = Assignment.objects.filter(experiment=second)
    arms = {v.levers["value"]: v for v in test.variants.all()}
    for variant in second.variants.all():
        rows.filter(variant=variant).update(
            experiment=test, variant=arms[variant.levers["value"]], policy_version="fixed 1/4"
        )
    second.delete()
    learn_coupon_values(now=NOW)
    assert [(w["key"], w["turn"]) for w in memory()] == [
        ("moved fixed", "moved"),
        ("moved fixed 1/4", "moved"),
    ]
    told = Posterior.objects.get(subject="coupon_values", key="memory").parameters
    rates = CouponValues.from_json(told).beliefs.mean[0]
    # In one sum 85 of 500 got 10 % and bought, against 40 of 500: yet neither week had a difference.
    assert rates[2] / rates[1] == pytest.approx(1, abs=0.1)
