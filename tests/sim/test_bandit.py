"""What the bandit must reach over two hundred shops each: a minute and more, so a command of its own."""

import numpy as np
import pytest

from campaigns.experiments.bandit_simulation import Shop, play, shares, winner
from campaigns.experiments.statistics.delay import Delay

pytestmark = pytest.mark.sim

FOUR = (0.02, 0.023, 0.026, 0.03)


def four(campaign):
    return FOUR


def swapped(campaign):
    return FOUR if campaign < 3 else (0.03, 0.023, 0.026, 0.02)


def steady(share):
    """Return the curve of orders of which each period shows the same share of those still to come."""
    return Delay(tuple(1 - (1 - share) ** k for k in (1, 2, 3)))


def two(campaign):
    return (0.02, 0.03)


SHOPS = {
    "four arms": (Shop(four, 5, 20_000), 0.955, 0.915),
    "best arm swapped": (Shop(swapped, 5, 20_000), 0.88, 0.0),
    "small shop": (Shop(two, 12, 2_700), 0.94, 0.0),
    "30 % visible": (Shop(four, 5, 20_000, delay=steady(0.3)), 0.95, 0.0),
    "10 % visible": (Shop(four, 5, 20_000, delay=steady(0.1)), 0.945, 0.0),
}


@pytest.mark.parametrize("name", SHOPS)
def test_bandit_reaches_its_share_of_the_oracle(name, figure):
    shop, mean, low = SHOPS[name]
    reached = shares(shop, runs=200, seed=1)
    figure(f"bandit, {name}: mean share of the oracle", np.mean(reached), f"at least {mean}")
    figure(f"bandit, {name}: 5th percentile", np.quantile(reached, 0.05), f"at least {low}")
    assert np.mean(reached) >= mean
    assert np.quantile(reached, 0.05) >= low


def test_equal_arms_have_no_winner(figure):
    shop = Shop(lambda c: (0.025,) * 4, 5, 20_000)
    streams = np.random.SeedSequence(5).spawn(200)
    named = [winner(play(shop, np.random.default_rng(stream))) for stream in streams]
    figure("bandit, equal arms: runs without a winner", named.count(None) / 200, "at least 0.95")
    assert named.count(None) >= 190
