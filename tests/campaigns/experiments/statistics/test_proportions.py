import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from campaigns.experiments.statistics.proportions import (
    compare_proportions,
    fisher_p,
    newcombe_interval,
    p_value,
    relative_lift,
    two_proportion_z,
    wilson_interval,
    with_t,
)
from campaigns.experiments.statistics.results import NotComputableError, Reason


@st.composite
def arms(draw):
    n1, n2 = draw(st.integers(10, 10**6)), draw(st.integers(10, 10**6))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((48, 80, 56, 70), (0.0524, 0.3339)),
        ((3, 10, 9, 10), (0.1705, 0.8090)),
        ((0, 29, 5, 56), (-0.0381, 0.1926)),
        ((0, 10, 10, 10), (0.6075, 1.0)),
    ],
)
def test_newcombe_reproduces_the_paper(counts, expected):
    # Newcombe 1998, table II, contrasts (a), (b), (d) and (h), method 10.
    ours = newcombe_interval(*counts)
    assert (round(ours.low, 4), round(ours.high, 4)) == expected


def test_wilson_at_the_ends_is_exact():
    assert wilson_interval(0, 50).low == 0.0
    assert wilson_interval(50, 50).high == 1.0


def test_lift_and_difference_of_a_plain_test():
    result = compare_proportions(500, 10_000, 560, 10_000)
    assert result.control == 0.05
    assert result.difference.value == pytest.approx(0.006)
    assert result.lift is not None
    assert result.lift.value == pytest.approx(0.12)
    assert result.lift.se == pytest.approx(0.06706653412843099, rel=1e-12)
    assert result.lift_refused is None


def test_no_conversion_in_control_shows_the_difference_and_no_lift():
    result = compare_proportions(0, 1000, 7, 1000)
    assert result.lift is None
    assert result.lift_refused is Reason.CONTROL_WITHOUT_CONVERSIONS
    assert result.difference.value == 0.007
    assert result.difference.interval.low > 0
    assert result.difference.p_value == fisher_p(0, 1000, 7, 1000)


def test_nobody_converted_is_no_data_yet():
    with pytest.raises(NotComputableError) as refusal:
        compare_proportions(0, 1000, 0, 900)
    assert refusal.value.reason is Reason.NO_DATA


@pytest.mark.parametrize(("x1", "n1", "x2", "n2"), [(4, 100, 0, 0), (0, 0, 4, 100), (1, 9, 4, 100)])
def test_empty_or_tiny_arm_is_refused(x1, n1, x2, n2):
    with pytest.raises(NotComputableError) as refusal:
        compare_proportions(x1, n1, x2, n2)
    assert refusal.value.reason is Reason.ARM_TOO_SMALL
    assert "at least 10" in str(refusal.value)


def test_everybody_converted_is_computable():
    result = compare_proportions(50, 50, 50, 50)
    assert result.difference.value == 0
    assert result.difference.p_value == 1
    assert result.lift_refused is Reason.TREATMENT_WITHOUT_VARIANCE
    with pytest.raises(NotComputableError):
        two_proportion_z(50, 50, 50, 50)


def test_more_conversions_than_units_is_refused():
    with pytest.raises(ValueError, match="11 of 10"):
        compare_proportions(11, 10, 1, 10)


def test_huge_n_keeps_a_tail_above_zero():
    assert 0 < p_value(50_000_000, 10**9, 50_300_000, 10**9) < 1e-200


def test_normal_tail_is_the_survival_function():
    assert with_t(10.0, 1.0, 0.05, None).p_value == pytest.approx(math.erfc(10 / math.sqrt(2)), rel=1e-12)


def test_lift_over_a_negative_control_is_refused():
    with pytest.raises(NotComputableError) as refusal:
        relative_lift(-1.8, 0.02, -1.6, 0.02)
    assert refusal.value.reason is Reason.CONTROL_NOT_POSITIVE


@given(arms())
def test_interval_contains_the_estimate_and_mirrors_when_the_arms_swap(counts):
    x1, n1, x2, n2 = counts
    interval, swapped = newcombe_interval(x1, n1, x2, n2), newcombe_interval(x2, n2, x1, n1)
    assert interval.low <= x2 / n2 - x1 / n1 <= interval.high
    assert interval.low + 1e-12 >= -1
    assert interval.high - 1e-12 <= 1
    assert swapped.low == pytest.approx(-interval.high, abs=1e-12)
    assert swapped.high == pytest.approx(-interval.low, abs=1e-12)


@given(arms(), st.integers(2, 50))
def test_interval_narrows_with_more_of_the_same(counts, times):
    x1, n1, x2, n2 = counts
    more = newcombe_interval(x1 * times, n1 * times, x2 * times, n2 * times)
    assert more.width < newcombe_interval(x1, n1, x2, n2).width


@given(arms(), st.floats(0.001, 0.04))
def test_smaller_alpha_widens(counts, alpha):
    assert newcombe_interval(*counts, alpha).width > newcombe_interval(*counts, 0.05).width


@given(arms())
def test_p_value_is_a_probability_and_symmetric(counts):
    x1, n1, x2, n2 = counts
    assume(n1 + n2 < 10**5)
    p = p_value(*counts)
    assert 0 <= p <= 1
    assert p == pytest.approx(p_value(x2, n2, x1, n1), rel=1e-9)
