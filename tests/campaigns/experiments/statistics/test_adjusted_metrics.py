"""Ratio, CUPED and quantile metrics."""

import numpy as np
import pytest

from campaigns.experiments.statistics.cuped import compare_cuped
from campaigns.experiments.statistics.means import compare_means
from campaigns.experiments.statistics.moments import JointMoments
from campaigns.experiments.statistics.quantiles import Quantile, compare_quantiles
from campaigns.experiments.statistics.ratio import compare_ratios, ratio_variance
from campaigns.experiments.statistics.results import NotComputableError, Reason

RNG = np.random.default_rng(11)


def clickers(n, rate):
    sends = RNG.integers(1, 12, n)
    person = np.clip(RNG.beta(2, 2 / rate - 2, n), 0, 1)
    return RNG.binomial(sends, person), sends


def test_ratio_error_is_that_of_the_bootstrap_and_not_the_naive_one():
    y, x = clickers(3_000, 0.05)
    ours = np.sqrt(ratio_variance(JointMoments.from_values(y, x)) / 3_000)
    draws = RNG.integers(0, 3_000, (1_500, 3_000))
    bootstrap = (y[draws].sum(axis=1) / x[draws].sum(axis=1)).std()
    rate = y.sum() / x.sum()
    assert ours == pytest.approx(bootstrap, rel=0.07)
    assert ours > 1.05 * np.sqrt(rate * (1 - rate) / x.sum())


def test_ratio_of_identical_arms_is_zero():
    arm = JointMoments.from_values(*clickers(500, 0.05))
    result = compare_ratios(arm, arm)
    assert result.difference.value == 0
    assert result.difference.p_value == 1


def test_ratio_without_a_denominator_is_no_data_yet():
    nothing = JointMoments.from_values([0.0] * 20, [0.0] * 20)
    with pytest.raises(NotComputableError) as refusal:
        compare_ratios(nothing, nothing)
    assert refusal.value.reason is Reason.NO_DATA


def test_ratio_with_a_constant_denominator_is_the_mean():
    y = RNG.poisson(2, 400).astype(float)
    ones = JointMoments.from_values(y, np.ones(400))
    other = JointMoments.from_values(y + 1, np.ones(400))
    assert compare_ratios(ones, other) == compare_means(ones.y, other.y)


def test_cuped_removes_the_squared_correlation():
    x = RNG.normal(50, 10, 20_000)
    y = x + RNG.normal(0, 10, 20_000)
    control = JointMoments.from_values(y[:10_000], x[:10_000])
    treatment = JointMoments.from_values(y[10_000:] + 1, x[10_000:])
    result = compare_cuped(control, treatment)
    assert result.theta == pytest.approx(1, abs=0.05)
    assert result.variance_reduction == pytest.approx(0.5, abs=0.02)
    assert 1.0 in result.comparison.difference.interval
    plain = compare_means(control.y, treatment.y)
    assert result.comparison.difference.interval.width < 0.75 * plain.difference.interval.width


def test_cuped_with_a_constant_covariate_is_the_plain_mean():
    y = RNG.gamma(2, 10, 200)
    control = JointMoments.from_values(y[:100], np.full(100, 3.0))
    treatment = JointMoments.from_values(y[100:], np.full(100, 3.0))
    result = compare_cuped(control, treatment)
    assert result.theta == 0
    assert result.variance_reduction == pytest.approx(0, abs=1e-12)
    assert result.comparison == compare_means(control.y, treatment.y)


def test_quantile_interval_covers_the_truth():
    hits = 0
    for _ in range(400):
        quantile = Quantile.from_values(RNG.exponential(1, 800), 0.5)
        hits += quantile.low <= np.log(2) <= quantile.high
    assert hits >= 0.92 * 400


def test_quantile_of_too_few_values_is_refused():
    with pytest.raises(NotComputableError, match=r"too few for an interval of the 0\.99 quantile"):
        Quantile.from_values(RNG.normal(size=100), 0.99)


def test_different_quantiles_are_not_compared():
    half, most = (Quantile.from_values(RNG.normal(size=2_000), q) for q in (0.5, 0.9))
    with pytest.raises(ValueError, match="same quantile"):
        compare_quantiles(half, most)


def test_quantiles_of_shifted_arms_differ():
    values = RNG.exponential(20, 4_000)
    low, high = Quantile.from_values(values, 0.5), Quantile.from_values(values * 1.3, 0.5)
    result = compare_quantiles(low, high)
    assert result.difference.p_value < 0.001
    assert result.lift is not None
    assert result.lift.value == pytest.approx(0.3)
