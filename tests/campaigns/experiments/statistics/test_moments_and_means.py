import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from campaigns.experiments.statistics.means import compare_capped, compare_means, pooled_cap
from campaigns.experiments.statistics.moments import JointMoments, Moments, from_dict, to_dict
from campaigns.experiments.statistics.results import NotComputableError, Reason

RNG = np.random.default_rng(7)
A, B = RNG.gamma(2, 10, 400), RNG.gamma(2, 11, 300)
numbers = st.lists(st.floats(-1e6, 1e6), min_size=0, max_size=30)


def test_moments_are_numpys():
    moments = Moments.from_values([1.0, 2.0, 4.0])
    assert (moments.n, moments.mean, moments.variance) == (3, pytest.approx(7 / 3), pytest.approx(7 / 3))


@given(numbers, numbers)
def test_moments_of_a_union_add_up(a, b):
    whole, added = Moments.from_values(a + b), Moments.from_values(a) + Moments.from_values(b)
    assert added.n == whole.n
    assert added.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-6)
    assert added.m2 == pytest.approx(whole.m2, rel=1e-9, abs=1e-3)


def test_joint_moments_of_a_union_add_up():
    x = RNG.normal(size=700)
    y = np.concatenate([A, B])
    whole = JointMoments.from_values(y, x)
    added = JointMoments.from_values(A, x[:400]) + JointMoments.from_values(B, x[400:])
    assert added.covariance == pytest.approx(whole.covariance, rel=1e-10)
    assert whole.covariance == pytest.approx(np.cov(y, x)[0, 1], rel=1e-10)


def test_centred_sums_keep_their_digits_far_from_zero():
    values = 1e9 + np.array([0.0, 1.0, 2.0])
    assert Moments.from_values(values).variance == 1.0


def test_a_snapshot_reads_back_bit_for_bit():
    moments = Moments.from_values(A)
    assert from_dict(to_dict(moments)) == moments


def test_infinite_values_are_refused():
    with pytest.raises(ValueError, match="finite"):
        Moments.from_values([1.0, float("inf")])


def test_welch_is_scipys():
    ours = compare_means(Moments.from_values(A), Moments.from_values(B)).difference
    theirs = stats.ttest_ind(B, A, equal_var=False)
    interval = theirs.confidence_interval()
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-10)
    assert ours.df == pytest.approx(theirs.df, rel=1e-10)
    assert (ours.interval.low, ours.interval.high) == pytest.approx((interval.low, interval.high), rel=1e-10)


def test_zero_variance_with_different_means_is_refused():
    with pytest.raises(NotComputableError) as refusal:
        compare_means(Moments.from_values([5.0] * 50), Moments.from_values([6.0] * 50))
    assert refusal.value.reason is Reason.ZERO_VARIANCE


def test_nothing_sold_in_either_arm_is_no_data_yet():
    with pytest.raises(NotComputableError) as refusal:
        compare_means(Moments.from_values([0.0] * 50), Moments.from_values([0.0] * 50))
    assert refusal.value.reason is Reason.NO_DATA


def test_empty_arm_is_refused():
    with pytest.raises(NotComputableError) as refusal:
        compare_means(Moments.from_values([]), Moments.from_values(A))
    assert refusal.value.reason is Reason.ARM_TOO_SMALL


def test_margin_below_zero_shows_no_lift():
    result = compare_means(Moments.from_values(-A), Moments.from_values(-B))
    assert result.lift is None
    assert result.lift_refused is Reason.CONTROL_NOT_POSITIVE
    assert result.difference.value == pytest.approx(A.mean() - B.mean())


def test_one_huge_order_moves_the_mean_and_not_its_capped_twin():
    control = np.concatenate([A] * 5)
    treatment = control.copy()
    treatment[0] = 1e7
    plain = compare_means(Moments.from_values(control), Moments.from_values(treatment))
    capped = compare_capped(control, treatment)
    assert plain.difference.value > 4_000
    assert capped.touched <= 4
    assert abs(capped.comparison.difference.value) < 0.1
    assert capped.cap == pooled_cap(control, treatment) < 200


@given(st.integers(2, 20))
def test_interval_narrows_with_more_of_the_same(times):
    one = compare_means(Moments.from_values(A), Moments.from_values(B)).difference
    more = compare_means(
        Moments.from_values(np.tile(A, times)), Moments.from_values(np.tile(B, times))
    ).difference
    assert more.interval.width < one.interval.width
    assert more.value in more.interval
    assert more.value == pytest.approx(one.value)
