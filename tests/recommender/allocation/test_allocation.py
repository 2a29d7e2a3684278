"""The solver against every possible choice, against HiGHS, and against its own bound."""

from itertools import product
from math import fsum, inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.allocation import NOTHING, Choices, allocate, at_price, optimum
from recommender.errors import DataError


def shop(people: int, seed: int = 0) -> Choices:
    """Return four values whose discount is certain to be paid and whose return falls."""
    dice = np.random.default_rng(seed)
    buys, redeems = dice.beta(2, 3, people), dice.beta(1, 8, people)
    basket = dice.lognormal(3.4, 0.6, people)
    value = np.array([2.0, 5.0, 10.0, 15.0])
    odds = (redeems / (1 - redeems))[:, None] * (value / 5) ** 0.8
    chance = odds / (1 + odds)
    return Choices(chance * ((1 - buys[:, None]) * basket[:, None] * 0.3 - value), chance * value)


def best_of_all(choices: Choices, budget: float) -> float:
    """Try every choice there is."""
    best = 0.0
    for choice in product(range(NOTHING, choices.values), repeat=choices.people):
        picked = [(i, v) for i, v in enumerate(choice) if v != NOTHING]
        if fsum(choices.cost[i, v] for i, v in picked) <= budget:
            best = max(best, fsum(choices.gain[i, v] for i, v in picked))
    return best


money = st.integers(0, 40).map(lambda cents: cents / 10)
gains = st.integers(-20, 60).map(lambda cents: cents / 10) | st.just(-inf)


@st.composite
def small(draw):
    people, values = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cells = people * values
    gain = np.array(draw(st.lists(gains, min_size=cells, max_size=cells)))
    cost = np.array(draw(st.lists(money, min_size=cells, max_size=cells)))
    return Choices(gain.reshape(people, values), cost.reshape(people, values)), draw(money) * 2


@settings(max_examples=150, deadline=None)
@given(small())
def test_never_above_the_budget_never_a_loss_and_never_above_the_bound(case):
    choices, budget = case
    best = best_of_all(choices, budget)
    for exact in (False, True):
        found = allocate(choices, budget, exact=exact)
        gain, cost = choices.chosen(found.choice)
        assert fsum(cost) <= budget
        assert (gain >= 0).all()
        assert found.gain == pytest.approx(fsum(gain))
        assert found.gain <= best + 1e-9 <= found.bound + 2e-9
    assert found.gain == pytest.approx(best, rel=1e-3, abs=1e-6)


def test_the_hulls_lose_next_to_nothing_against_the_solver():
    choices = shop(2_000)
    budget = allocate(choices, 1e9, exact=False).cost * 0.3
    solved = optimum(choices, budget)
    assert solved is not None
    best, spent = choices.total(solved)
    found = allocate(choices, budget, exact=False)
    assert spent <= budget
    assert found.cost <= budget
    assert found.method == "hull"
    assert 0.999 * best <= found.gain <= found.bound
    assert found.gap < 0.001
    assert best <= found.bound


def test_who_is_convinced_by_less_gets_less():
    """The dear value brings 3 for 4 more; the same money brings the other person 5."""
    choices = Choices(np.array([[6.0, 9.0], [5.0, 5.5]]), np.array([[2.0, 6.0], [4.0, 8.0]]))
    found = allocate(choices, 6.0)
    assert found.choice.tolist() == [0, 0]
    assert (found.gain, found.cost, found.method) == (11.0, 6.0, "exact")
    assert allocate(choices, 6.0, exact=False).choice.tolist() == [0, 0]
    assert allocate(choices, 10.0).choice.tolist() == [1, 0]


def test_values_that_are_closed_or_lose_are_never_given():
    choices = Choices(np.array([[-inf, -1.0], [3.0, -inf]]), np.array([[1.0, 1.0], [1.0, 1.0]]))
    assert allocate(choices, 100.0).choice.tolist() == [NOTHING, 0]
    assert allocate(choices, 0.0).choice.tolist() == [NOTHING, NOTHING]
    assert allocate(choices, 0.0).gain == 0.0


def test_what_costs_nothing_needs_no_budget():
    choices = Choices(np.array([[1.0, 4.0]]), np.array([[0.0, 2.0]]))
    assert allocate(choices, 0.0).choice.tolist() == [0]
    assert allocate(choices, 2.0, exact=False).choice.tolist() == [1]


def test_the_curve_rises_ever_slower_and_every_point_is_to_be_had():
    choices = shop(500)
    curve = allocate(choices, 1e9, exact=False).curve
    slopes = np.diff(curve.gain) / np.diff(curve.budget)
    assert curve.budget[0] == curve.gain[0] == curve.people[0] == 0
    assert (slopes > 0).all()
    assert (np.diff(slopes) <= 1e-9).all()
    for place in (10, 50, 90):
        there = allocate(choices, curve.budget[place] * (1 + 1e-12), exact=False)
        assert there.gain == pytest.approx(curve.gain[place])
        assert (there.choice != NOTHING).sum() == curve.people[place]


def test_those_held_out_would_have_got_what_others_like_them_got():
    choices = shop(2_000)
    found = allocate(choices, allocate(choices, 1e9, exact=False).cost * 0.3, exact=False)
    assert found.price > 0
    assert (at_price(choices, found.price) == found.choice).mean() > 0.99


def test_sums_of_floats_do_not_creep_above_the_budget():
    """Ten times 0.1 is a little less than 1 added one by one, and a little more is not allowed either."""
    choices = Choices(np.full((30, 1), 1.0), np.full((30, 1), 0.1))
    found = allocate(choices, 0.3, exact=False)
    assert (found.choice != NOTHING).sum() in (2, 3)
    assert fsum(choices.chosen(found.choice)[1]) <= 0.3


@pytest.mark.parametrize("budget", [-1.0, float("nan"), inf])
def test_a_budget_that_is_none_is_refused(budget):
    with pytest.raises(DataError, match="budget"):
        allocate(shop(3), budget)


@pytest.mark.parametrize(
    ("gain", "cost"),
    [
        ([[float("nan")]], [[1.0]]),
        ([[inf]], [[1.0]]),
        ([[1.0]], [[-1.0]]),
        ([[1.0]], [[inf]]),
        ([[1.0]], [1.0]),
    ],
)
def test_tables_that_make_no_sense_are_refused(gain, cost):
    with pytest.raises(DataError):
        Choices(np.array(gain), np.array(cost))
