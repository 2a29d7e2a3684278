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


@pytest.mark.parametrize(
    ("shop", "mean", "low"),
    [
        (Shop(four, 5, 20_000), 0.955, 0.915),
        (Shop(swapped, 5, 20_000), 0.88, 0.0),
        (Shop(two, 12, 2_700), 0.94, 0.0),
        (Shop(four, 5, 20_000, delay=steady(0.3)), 0.95, 0.0),
        (Shop(four, 5, 20_000, delay=steady(0.1)), 0.945, 0.0),
    ],
    ids=["four arms", "best arm swapped", "small shop", "30 % visible", "10 % visible"],
)
def test_bandit_reaches_its_share_of_the_oracle(shop, mean, low):
    reached = shares(shop, runs=200, seed=1)
    assert np.mean(reached) >= mean
    assert np.quantile(reached, 0.05) >= low


def test_equal_arms_have_no_winner():
    shop = Shop(lambda c: (0.025,) * 4, 5, 20_000)
    streams = np.random.SeedSequence(5).spawn(200)
    named = [winner(play(shop, np.random.default_rng(stream))) for stream in streams]
    assert named.count(None) >= 190
