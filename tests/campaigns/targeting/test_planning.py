"""Who gets which value, and why."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from math import fsum

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.models import AuditEntry
from campaigns.targeting import selectors
from campaigns.targeting.errors import PlanNotReady
from campaigns.targeting.expectations import expect
from campaigns.targeting.launching import begin
from campaigns.targeting.models import OfferPlan, PlannedOffer
from campaigns.targeting.planning import compute
from campaigns.targeting.words import sentence
from customers.models import Customer

pytestmark = pytest.mark.django_db


def given(plan):
    rows = plan.offers.exclude(value=None).filter(held_out=False)
    return {row.customer.external_id: row for row in rows.select_related("customer", "value__pool")}


def test_the_formula_counts_discounts_of_those_who_buy_anyway():
    """Both redeem alike; the second would have bought anyway, so an offer to them is money lost."""
    said = expect(
        redeems=np.array([0.2, 0.2]),
        buys=np.array([0.0, 0.9]),
        baskets=np.array([100.0, 100.0]),
        discount=np.array([[5.0], [5.0]]),
        margin_share=0.3,
        response=0.8,
    )
    assert said.redeems[:, 0] == pytest.approx([0.2, 0.2])
    assert said.gain[:, 0] == pytest.approx([0.2 * 30 - 1.0, 0.2 * 0.1 * 30 - 1.0])
    assert said.cost[:, 0] == pytest.approx([1.0, 1.0])


def test_twice_the_discount_moves_the_odds_by_the_response():
    said = expect(
        redeems=np.array([0.2]),
        buys=np.array([0.0]),
        baskets=np.array([100.0]),
        discount=np.array([[2.0, 4.0, 8.0]]),
        margin_share=0.3,
        response=1.0,
    )
    odds = said.redeems / (1 - said.redeems)
    assert odds[0] == pytest.approx([0.125, 0.25, 0.5])


def test_a_learned_effect_takes_the_place_of_the_guess():
    said = expect(
        redeems=np.array([0.2, 0.2]),
        buys=np.array([0.5, 0.5]),
        baskets=np.array([100.0, 100.0]),
        discount=np.array([[5.0], [5.0]]),
        margin_share=0.3,
        response=0.8,
        effect=np.array([0.1, -0.1]),
    )
    assert said.gain[:, 0] == pytest.approx([0.1 * 30 - 1, -0.1 * 30 - 1])


def test_money_goes_to_whom_it_changes(crowd, plan, now):
    made = plan()
    summary = compute(made, as_of=now, now=now)
    offers = given(made)
    assert offers
    assert all(int(name[1:]) % 2 == 0 for name in offers), "nobody who buys anyway"
    assert fsum(row.cost for row in offers.values()) <= 100
    assert all(row.gain > 0 and row.why == "best" for row in offers.values())
    assert (
        summary["people"]
        == 200
        == PlannedOffer.objects.filter(plan=made).count()
        == sum(summary["why"].values())
    )
    assert summary["offers"] == len(offers) == sum(value["offers"] for value in summary["values"])
    assert summary["why"]["loses"] >= 80
    assert (summary["method"], summary["evidence"]["reason"]) == ("redemption", "few")
    assert Decimal(summary["cost"]) <= 100
    assert float(summary["gain"]) == pytest.approx(fsum(row.gain for row in offers.values()), abs=0.01)
    assert summary["gap"] < 0.01
    gains = [float(point["gain"]) for point in summary["curve"]]
    assert gains == sorted(gains)
    assert gains[0] == 0
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {
        "create_offer_plan", "compute_offer_plan",
    }  # fmt: skip


def test_a_small_budget_is_kept_and_goes_to_the_best(crowd, plan, now):
    summary = compute(made := plan(budget="3"), as_of=now, now=now)
    offers = given(made)
    assert 0 < fsum(row.cost for row in offers.values()) <= 3
    assert summary["why"]["budget"] > 50
    assert summary["price"] > 0
    baskets = [row.facts["basket"] for row in offers.values()]
    assert min(baskets) > 80


def test_a_budget_for_the_worst_case_bounds_every_discount(crowd, plan, now):
    made = plan(budget="40", basis="certain")
    summary = compute(made, as_of=now, now=now)
    paid = [2 if row.value.pool.name == "2 off" else 5 for row in given(made).values()]
    assert 0 < sum(paid) <= 40
    assert Decimal(summary["certain"]) == sum(paid)


def test_some_are_left_alone_and_stay_so(crowd, plan, now):
    made = plan(holdout_share="0.2")
    compute(made, as_of=now, now=now)
    first = set(made.offers.filter(held_out=True).values_list("customer_id", flat=True))
    OfferPlan.objects.update(budget="20")
    compute(made, as_of=now, now=now)
    assert set(made.offers.filter(held_out=True).values_list("customer_id", flat=True)) == first
    assert 20 <= len(first) <= 60
    would = made.offers.filter(held_out=True).exclude(value=None)
    assert would.exists(), "those left alone have the value that they would have got"
    assert fsum(row.cost for row in given(made).values()) <= 20


def test_a_value_for_a_segment_is_for_nobody_else(crowd, plan, pool, segment, now):
    loyal = segment("regulars", crowd[:20])
    made = plan([{"pool": pool(2), "segment": loyal}])
    summary = compute(made, as_of=now, now=now)
    assert 0 < summary["offers"] <= 10
    assert {int(name[1:]) for name in given(made)} <= set(range(20))
    assert summary["why"]["closed"] == 180


def test_by_rule_everybody_gets_the_first_value_that_is_open(crowd, plan, pool, segment, now):
    loyal = segment("regulars", crowd[:20])
    made = plan([{"pool": pool(5), "segment": loyal}, {"pool": pool(2)}], method="rules", budget="1000")
    compute(made, as_of=now, now=now)
    names = {name: row.value.pool.name for name, row in given(made).items()}
    assert {pool for name, pool in names.items() if int(name[1:]) < 20} <= {"5 off"}
    assert {pool for name, pool in names.items() if int(name[1:]) >= 20} == {"2 off"}


def test_who_refused_profiling_gets_no_value_of_their_own(crowd, plan, now):
    Customer.objects.filter(pk=crowd[0].pk).update(no_profiling=True)
    made = plan()
    compute(made, as_of=now, now=now)
    row = made.offers.get(customer=crowd[0])
    assert (row.value, row.why, row.facts) == (None, "refused", {})


def test_without_any_score_the_worst_is_assumed(plan, now):
    from tests.factories.delivery import make_customers

    make_customers(3, now=now)
    summary = compute(plan(), as_of=now, now=now)
    assert (summary["scored"], summary["offers"], summary["why"]["loses"]) == (0, 0, 3)


def test_an_empty_audience_is_an_empty_plan(plan, segment, now):
    summary = compute(plan(segment=segment("nobody", [])), as_of=now, now=now)
    assert (summary["people"], summary["offers"], summary["gain"]) == (0, 0, "0.00")


def test_a_plan_on_its_way_is_not_changed(crowd, plan, now):
    made = plan()
    compute(made, as_of=now, now=now)
    before = list(made.offers.values_list("pk", flat=True))
    begin(made, now)
    with pytest.raises(PlanNotReady, match="on its way"):
        compute(made, as_of=now, now=now)
    assert list(made.offers.values_list("pk", flat=True)) == before


def test_a_benefit_that_does_not_tell_its_price_needs_one(plan, pool):
    with pytest.raises(ValidationError, match="Say what a use"):
        plan([{"pool": pool("mug", kind="gift", sku="mug")}])
    assert not OfferPlan.objects.exists()
    assert plan([{"pool": pool("cup", kind="gift", sku="cup"), "worth": "4"}]).currency == "USD"


def test_reasons_are_sentences(crowd, plan, now):
    made = plan()
    compute(made, as_of=now, now=now)
    best = selectors.offers(made).filter(why="best", held_out=False).first()
    words = sentence(best)
    assert words.startswith("Redeems with ")
    assert "would buy anyway with 10%" in words
    loses = selectors.offers(made).filter(why="loses").first()
    assert sentence(loses) == "Nothing: every value would cost more than it brings."


@pytest.mark.django_db(transaction=True)
def test_rivals_leave_one_whole_plan(crowd, plan, now):
    made = plan()

    def run(_):
        try:
            return compute(made, as_of=now, now=now)["offers"]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(run, range(2))
    assert first == second == len(given(made))
    assert made.offers.count() == 200
