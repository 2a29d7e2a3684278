"""Tests of coupon values whose windows are open when shares are decided: counted by what could be seen."""

import numpy as np
import pytest

from campaigns.experiments.statistics.delay import Delay
from campaigns.learning.value_simulation import ValueShop, play

pytestmark = pytest.mark.sim
SHOPS = {
    "ten percent pays": ((0.06, 0.07, 0.10, 0.105), 0.75),
    "five percent pays": ((0.06, 0.075, 0.08, 0.082), 0.55),
    "no coupon pays": ((0.06, 0.062, 0.065, 0.066), 0.75),
}


def reached(rates, *, corrected, runs=40):
    shop = ValueShop(rates, people=20_000, corrected=corrected)
    streams = np.random.SeedSequence(7).spawn(runs)
    return float(np.mean([play(shop, np.random.default_rng(stream)) for stream in streams]))


@pytest.mark.parametrize(("rates", "must"), SHOPS.values(), ids=SHOPS)
def test_open_windows_are_corrected_and_the_naive_count_fails(rates, must):
    assert reached(rates, corrected=True) >= must
    assert reached(rates, corrected=False) < must - 0.15


def test_without_delay_both_count_the_same_and_waves_cost_little():
    rates, _must = SHOPS["ten percent pays"]
    seen = {
        corrected: np.mean(
            [
                play(
                    ValueShop(rates, people=20_000, delay=Delay((0.0, 1.0)), corrected=corrected),
                    np.random.default_rng(seed),
                )
                for seed in range(20)
            ]
        )
        for corrected in (True, False)
    }
    assert seen[True] >= seen[False] - 0.05
