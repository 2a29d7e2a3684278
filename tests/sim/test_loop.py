"""The learning loop in the simulated shop of docs/loop.md, on other seeds than those reported there."""

import numpy as np
import pytest

from benchmarks.loop.simulation import run

pytestmark = pytest.mark.sim


def test_a_large_shop_learns_and_the_frozen_one_does_not(figure):
    found = [run(50_000, seed) for seed in (21, 22, 23)]
    share = np.mean([one.share() for one in found])
    figure("loop, 50,000 people, 3 seeds: share of the oracle", share, "at least 0.85")
    assert share >= 0.85
    assert max(one.share("best_fixed") for one in found) <= 0.80
    for one in found:
        assert one.against_frozen > 1.4
        parts = one.loop / one.oracle
        assert parts[-1] > parts[0]
        kept = one.frozen / one.oracle
        assert kept[-1] == pytest.approx(kept[0], abs=0.1)


def test_a_small_shop_does_not_lose_by_trying(figure):
    against = np.mean([run(2_700, seed).against_frozen for seed in range(21, 41)])
    figure("loop, 2,700 people, 20 seeds: of the frozen system", against, "at least 0.98")
    assert against >= 0.98
