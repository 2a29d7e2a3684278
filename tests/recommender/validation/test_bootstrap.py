import numpy as np
import pytest

from recommender.validation.bootstrap import paired_difference


def test_a_constant_difference_has_no_width():
    found = paired_difference(np.array([0.5, 0.7, 0.9]), np.array([0.4, 0.6, 0.8]))
    assert (found.mean, found.low, found.high) == (pytest.approx(0.1),) * 3


def test_the_interval_agrees_with_the_normal_one():
    difference = np.random.default_rng(1).normal(0.02, 0.1, 2000)
    found = paired_difference(difference, np.zeros(2000), resamples=2000)
    half = 1.96 * difference.std() / np.sqrt(2000)
    assert found.low == pytest.approx(difference.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(difference.mean() + half, abs=0.1 * half)


def test_the_seed_decides():
    values = np.random.default_rng(1).random(50)
    same = [paired_difference(values, values[::-1], seed=3) for _ in range(2)]
    assert same[0] == same[1]
    assert paired_difference(values, values[::-1], seed=4) != same[0]
