import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from campaigns.experiments.statistics.results import NotComputableError
from campaigns.experiments.statistics.sequential import always_valid
from campaigns.experiments.statistics.spending import (
    obrien_fleming,
    power_family,
    repeated_interval,
    spending_bounds,
)


@given(st.floats(-5, 5), st.floats(0.01, 3), st.integers(10, 10**6))
def test_always_valid_contains_the_estimate_and_is_wider_than_one_look(value, se, n):
    ours = always_valid(value, se, n, 10_000)
    assert value in ours.interval
    assert ours.interval.width > 2 * 1.959964 * se
    mirrored = always_valid(-value, se, n, 10_000)
    assert mirrored.interval == ours.interval.mirrored()
    assert mirrored.p_value == ours.p_value


@given(st.floats(0.5, 6), st.integers(100, 100_000))
def test_p_value_agrees_with_the_interval(z, n):
    ours = always_valid(z, 1.0, n, 20_000)
    assert (ours.p_value < 0.05) == (ours.interval.low > 0)


def test_always_valid_narrows_with_n():
    widths = [always_valid(0.01, 0.3 / np.sqrt(n), n, 20_000).interval.width for n in (100, 1_000, 10_000)]
    assert widths == sorted(widths, reverse=True)


def test_always_valid_without_variance_is_refused():
    with pytest.raises(NotComputableError):
        always_valid(0.0, 0.0, 100, 1_000)


def test_one_look_is_the_plain_test():
    assert spending_bounds([1.0]) == pytest.approx((stats.norm.isf(0.025),), rel=1e-9)


def test_bounds_spend_exactly_what_is_asked_by_another_method():
    looks, alpha = [0.4, 0.7, 1.0], 0.05
    bounds = spending_bounds(looks, alpha)
    for k in range(1, 4):
        # Cov(z_i, z_j) = sqrt(t_i / t_j): the chance to stay inside by SciPy's multivariate normal.
        corr = np.sqrt([[min(a, b) / max(a, b) for a in looks[:k]] for b in looks[:k]])
        law = stats.multivariate_normal(cov=corr, seed=1, abseps=1e-9, releps=1e-9, maxpts=2_000_000)
        inside = law.cdf(bounds[:k], lower_limit=[-b for b in bounds[:k]])
        assert 1 - inside == pytest.approx(obrien_fleming(looks[k - 1], alpha), abs=2e-6)


def test_published_one_sided_bounds_of_two_looks():
    # Lan & DeMets with the O'Brien-Fleming type at one-sided .025: 2.963 and 1.969.
    assert spending_bounds([0.5, 1.0], 0.025, sides=1) == pytest.approx((2.963, 1.969), abs=5e-4)


def test_bounds_so_far_do_not_depend_on_what_follows():
    assert spending_bounds([0.3, 0.5])[:2] == pytest.approx(spending_bounds([0.3, 0.5, 1.0])[:2], rel=1e-10)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 100), min_size=2, max_size=6, unique=True))
def test_bounds_never_fall_below_one_look_and_fall_from_look_to_look(percent):
    looks = [p / 100 for p in sorted(percent)]
    bounds = spending_bounds(looks)
    assert all(b >= 1.9599 for b in bounds)
    assert spending_bounds(looks, 0.01)[-1] > bounds[-1]


@pytest.mark.parametrize("looks", [[], [0.0, 1.0], [0.5, 0.5], [0.8, 0.4], [0.5, 1.2]])
def test_broken_fractions_are_refused(looks):
    with pytest.raises(ValueError, match="fractions"):
        spending_bounds(looks)


def test_repeated_interval_crosses_zero_exactly_at_the_bound():
    assert repeated_interval(2.5, 1.0, 2.5).low == 0
    with pytest.raises(ValueError, match="exponent"):
        power_family(0)
