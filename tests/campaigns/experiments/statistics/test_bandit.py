import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.experiments.statistics.bandit import (
    Tally,
    additive_floor,
    floored,
    next_wave,
    remember,
    rewarded,
    sampled_weights,
    shrunk,
    thompson_weights,
)
from campaigns.experiments.statistics.bayesian import Beta
from campaigns.experiments.statistics.delay import Delay
from campaigns.experiments.statistics.floor import FLOOR
from campaigns.experiments.statistics.results import NotComputableError


def test_memory_discounts_each_wave_by_a_tenth():
    waves = [{"a": Tally(10, 100)}, {"a": Tally(20, 100), "b": Tally(1, 50)}, {"b": Tally(2, 50)}]
    memory = remember(waves)
    assert memory["a"].conversions == pytest.approx(0.81 * 10 + 0.9 * 20)
    assert memory["a"].trials == pytest.approx(0.81 * 100 + 0.9 * 100)
    assert memory["b"].conversions == pytest.approx(0.9 * 1 + 2)
    assert memory["b"].trials == pytest.approx(0.9 * 50 + 50)
    assert remember([]) == {}


def test_nothing_known_shares_equally():
    wave = next_wave({"a": Tally(), "b": Tally(), "c": Tally(), "d": Tally()})
    assert list(wave.weights.values()) == pytest.approx([0.25] * 4)


def test_a_hopeless_arm_keeps_its_floor():
    wave = next_wave({"a": Tally(10, 5_000), "b": Tally(500, 5_000)})
    assert wave.weights["a"] == pytest.approx(FLOOR, abs=1e-9)
    assert wave.weights["b"] == pytest.approx(1 - FLOOR, abs=1e-9)


def test_seeded_sampling_repeats_and_agrees_with_the_integral():
    arms = [Beta.from_counts(x, 5_000) for x in (100, 115, 130, 150)]
    sampled = sampled_weights(arms, seed=9)
    assert sampled == sampled_weights(arms, seed=9)
    assert list(sampled) == pytest.approx(list(thompson_weights(arms)), abs=0.01)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=10).filter(lambda s: sum(s) > 0.01))
def test_floored_shares_sum_to_one_and_stay_above_the_floor(shares):
    weights = floored(shares)
    assert sum(weights) == pytest.approx(1)
    assert min(weights) >= FLOOR - 1e-12


def test_floor_is_paid_by_the_others_in_proportion():
    assert floored([0.0, 0.3, 0.7], 0.1) == pytest.approx((0.1, 0.27, 0.63))
    assert floored([0.4, 0.3, 0.3], 0.1) == pytest.approx((0.4, 0.3, 0.3))
    # The second arm falls below the floor only after it has paid for the first.
    assert floored([0.0, 0.101, 0.899], 0.1) == pytest.approx((0.1, 0.1, 0.8))
    assert additive_floor([0.0, 0.3, 0.7], 0.1) == pytest.approx((0.1, 0.31, 0.59))


def test_a_floor_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="leaves nothing"):
        floored([1.0] * 5, 0.25)


def test_small_persona_follows_the_whole_and_a_large_one_itself():
    whole = Tally(5_000 * 0.05, 5_000)
    small, large = Tally(2, 10), Tally(0.2 * 5_000, 5_000)
    assert shrunk(small, whole).mean == pytest.approx(0.05, abs=0.01)
    assert shrunk(large, whole + large).mean == pytest.approx(0.2, abs=0.01)


def test_persona_that_is_the_whole_does_not_count_twice():
    tally = Tally(30, 1_000)
    assert shrunk(tally, tally) == tally.posterior()


def test_delay_curve_is_empirical_and_corrects_without_bias():
    delay = Delay.from_delays([0, 0, 1, 3, 9], window=3)
    assert delay.shares == (0.5, 0.75, 0.75, 1.0)
    assert [delay.share_at(age) for age in (-1, 0, 1.9, 3, 50)] == [0.0, 0.5, 0.75, 1.0, 1.0]
    assert delay.visible(25, 1_000, 0) == Tally(25, 500)


def test_delay_curve_refuses_what_it_cannot_know():
    with pytest.raises(NotComputableError, match="no delay curve"):
        Delay.from_delays([40], window=3)
    with pytest.raises(ValueError, match="rises"):
        Delay((0.5, 0.4))


def test_more_conversions_than_people_still_make_a_posterior():
    assert Tally(5, 3).posterior() == Beta(6, 1)


def test_reward_scales_conversions():
    assert rewarded(Tally(10, 100), 0.5) == Tally(5, 100)
    with pytest.raises(ValueError, match="between 0 and 1"):
        rewarded(Tally(10, 100), 1.5)


def test_bandit_finds_the_better_arm():
    rng = np.random.default_rng(6)
    rates, waves = {"control": 0.02, "better": 0.03}, []
    for _ in range(20):
        weights = next_wave(remember(waves)).weights if waves else dict.fromkeys(rates, 0.5)
        sizes = {key: int(5_000 * weights[key]) for key in rates}
        waves.append({key: Tally(rng.binomial(sizes[key], rates[key]), sizes[key]) for key in rates})
    last = next_wave(remember(waves)).weights
    assert last["better"] > 0.95
    assert last["control"] >= FLOOR
