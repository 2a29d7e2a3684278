import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.experiments.statistics.paired import (
    PairedCounts,
    bootstrap_interval,
    compare_paired_values,
    compare_pairs,
    mcnemar_p,
    paired_newcombe_interval,
)
from campaigns.experiments.statistics.proportions import newcombe_interval
from campaigns.experiments.statistics.results import NotComputableError, Reason

counts = st.builds(
    PairedCounts, st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(1, 300)
)


def test_outcomes_are_counted_by_unit():
    pairs = PairedCounts.from_outcomes([1, 1, 0, 0, 0], [1, 0, 1, 1, 0])
    assert pairs == PairedCounts(1, 1, 2, 1)
    assert pairs.n == 5


def test_mcnemar_is_a_binomial_on_those_that_differ():
    assert mcnemar_p(PairedCounts(10, 1, 7, 10)) == pytest.approx(2 * (1 + 8) / 256)
    assert mcnemar_p(PairedCounts(10, 0, 0, 10)) == 1.0


def test_interval_is_computed_by_hand():
    # Both margins 1/2 and outcomes unrelated: phi 0, so the plain root of the sum of squares is left.
    ours = paired_newcombe_interval(PairedCounts(25, 25, 25, 25))
    half = 0.5 - 0.4038315303659956
    assert ours.low == pytest.approx(-np.sqrt(2) * half, abs=1e-12)
    assert ours.high == pytest.approx(np.sqrt(2) * half, abs=1e-12)


@given(counts)
def test_interval_contains_the_estimate_and_mirrors(pairs):
    ours = paired_newcombe_interval(pairs)
    d = (pairs.treatment_only - pairs.control_only) / pairs.n
    swapped = paired_newcombe_interval(
        PairedCounts(pairs.both, pairs.treatment_only, pairs.control_only, pairs.neither)
    )
    assert ours.low - 1e-12 <= d <= ours.high + 1e-12
    assert swapped.low == pytest.approx(-ours.high, abs=1e-12)
    assert ours.low >= -1 - 1e-12
    assert ours.high <= 1 + 1e-12


def test_pairing_narrows_when_the_same_households_buy():
    pairs = PairedCounts(200, 20, 30, 750)
    unpaired = newcombe_interval(220, 1_000, 230, 1_000)
    assert compare_pairs(pairs).interval.width < 0.45 * unpaired.width


def test_interval_covers_the_truth():
    rng = np.random.default_rng(2)
    hits = 0
    for draw in rng.multinomial(300, [0.1, 0.05, 0.09, 0.76], 1_000):
        hits += 0.04 in paired_newcombe_interval(PairedCounts(*(int(c) for c in draw)))
    assert 930 <= hits <= 980


def test_same_outcomes_are_no_difference():
    result = compare_pairs(PairedCounts(40, 0, 0, 960))
    assert (result.value, result.p_value) == (0.0, 1.0)
    assert 0.0 in result.interval


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [(PairedCounts(1, 1, 1, 1), Reason.ARM_TOO_SMALL), (PairedCounts(0, 0, 0, 99), Reason.NO_DATA)],
)
def test_too_little_is_refused(pairs, reason):
    with pytest.raises(NotComputableError) as refusal:
        compare_pairs(pairs)
    assert refusal.value.reason is reason


def test_paired_scores_agree_with_the_bootstrap():
    rng = np.random.default_rng(4)
    base = rng.random(2_469)
    better = base + rng.normal(0.02, 0.1, 2_469)
    ours = compare_paired_values(base, better)
    again = bootstrap_interval(base, better, seed=1)
    assert ours.interval.low > 0
    assert (again.low, again.high) == pytest.approx((ours.interval.low, ours.interval.high), abs=0.001)
    assert bootstrap_interval(base, better, seed=1) == again


def test_identical_scores_are_no_difference_and_a_constant_gap_is_refused():
    scores = np.arange(20.0)
    assert compare_paired_values(scores, scores).p_value == 1.0
    with pytest.raises(NotComputableError):
        compare_paired_values(scores, scores + 1)
    with pytest.raises(ValueError, match="every unit"):
        compare_paired_values(scores, scores[:5])
