"""The shop in which the loop is proved, and its oracle: what the proof itself stands on."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from benchmarks.loop.oracle import Expectations, best_plan, earned, fixed
from benchmarks.loop.parameters import Parameters
from benchmarks.loop.shop import ACTIONS, People, Shop, action_of
from benchmarks.loop.simulation import CONTEXTS, play

NUMBERS = Parameters()


def drawn(people=4_000, numbers=NUMBERS, seed=9):
    return People.drawn(numbers, people, np.random.default_rng(seed))


def test_the_oracle_is_the_best_of_all_plans():
    """One group, three rounds: all 17 x 17 x 17 plans are tried, with what feeds back into popularity."""
    numbers = replace(NUMBERS, rounds=3, fatigue_costs=0.9, unsubscribe=0.05)
    expected = Expectations.of(drawn(300, numbers), np.zeros(300, dtype=np.int64))
    best, plan = best_plan(expected)
    every = [earned(np.array([p]), expected)[0].sum() for p in product(range(ACTIONS), repeat=3)]
    assert best.sum() == pytest.approx(max(every), rel=1e-9)
    assert earned(plan, expected)[0] == pytest.approx(best)


def test_a_plan_earns_what_playing_it_earns():
    people = drawn(20_000)
    expected = Expectations.of(people)
    action = action_of(0, 2)
    shares = np.zeros((len(CONTEXTS), ACTIONS))
    shares[:, action] = 1
    shop = Shop(people, np.random.default_rng(1))
    for t in range(NUMBERS.rounds):
        for who in shop.open_round():
            shop.play_wave(t, who, shares)
        shop.close_round()
    assert shop.gained == pytest.approx(fixed(expected)[action].sum(), rel=0.01)
    assert shop.popular > 0.9  # best sellers to everybody, eight times


def test_what_is_seen_is_what_was_drawn():
    people = drawn(30_000)
    shop = Shop(people, np.random.default_rng(2))
    who = shop.open_round()[0]
    shares = np.full((len(CONTEXTS), ACTIONS), 1 / ACTIONS)
    seen = shop.play_wave(0, who, shares)
    assert seen.people.sum() == len(who) == 7_500
    assert seen.people.sum(axis=0) == pytest.approx(np.full(ACTIONS, 7_500 / ACTIONS), rel=0.25)
    orders = [seen.at(age)[0].sum() for age in (1, 2, 3, 4)]
    assert orders[0] / orders[2] == pytest.approx(NUMBERS.late[0], abs=0.06)
    assert orders[2] == orders[3]
    assert seen.at(3)[2][:, [0, 1, 5, 9, 13]].sum() == 0  # nobody without a coupon redeems one
    assert seen.at(3)[2].sum() > 0


def test_who_unsubscribes_is_written_to_no_more():
    people = drawn(5_000, replace(NUMBERS, unsubscribe=0.3))
    shop = Shop(people, np.random.default_rng(3))
    everybody = np.zeros((len(CONTEXTS), ACTIONS))
    everybody[:, 1] = 1
    first = shop.open_round()
    for who in first:
        shop.play_wave(0, who, everybody)
    shop.close_round()
    second = np.concatenate(shop.open_round())
    assert sum(map(len, first)) == 5_000
    assert 3_200 < len(second) < 3_800
    assert shop.here[second].all()
    assert set(shop.tired) == {0.5}


def test_the_shop_is_not_too_easy():
    expected = Expectations.of(drawn(20_000))
    best, _ = best_plan(expected)
    assert fixed(expected).sum(axis=1).max() <= 0.80 * best.sum()


def test_the_same_seed_plays_the_same_game():
    people = drawn(2_700)
    one, other = (play(people, np.random.default_rng(4), learns=True) for _ in range(2))
    assert one == other
