import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from campaigns.experiments.statistics.assignment import (
    BUCKETS,
    Arm,
    BucketRange,
    Place,
    arm_of,
    bucket,
    buckets,
    edges,
    place,
    propensities,
)

HALVES = [Arm("a", 1), Arm("b", 1)]


def test_bucket_is_the_published_rule():
    assert bucket("exp-1", "1") == 6506
    assert bucket("exp-2", "ünïcode@example.com") == 58


def test_buckets_are_uniform_and_independent_between_experiments():
    units = [str(i) for i in range(100_000)]
    one, two = buckets("spring", units), buckets("summer", units)
    assert stats.chisquare(np.bincount(one, minlength=BUCKETS)).pvalue > 0.001
    table = np.histogram2d(one, two, bins=4)[0]
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_weights_become_cumulative_edges_and_exact_propensities():
    arms = [Arm("a", 0.5), Arm("b", 0.25), Arm("c", 0.25)]
    assert edges(arms) == [5000, 7500, 10000]
    assert propensities(arms) == {"a": 0.5, "b": 0.25, "c": 0.25}
    assert propensities([Arm("a", 1), Arm("b", 1), Arm("c", 1)]) == {"a": 0.3333, "b": 0.3334, "c": 0.3333}


def test_arm_of_weight_zero_gets_nobody():
    arms = [Arm("a", 1), Arm("b", 0), Arm("c", 2), Arm("d", 0)]
    assert propensities(arms)["b"] == propensities(arms)["d"] == 0
    assert {arm_of(b, arms).key for b in range(BUCKETS)} == {"a", "c"}


@pytest.mark.parametrize(
    ("arms", "message"),
    [
        ([], "at least one arm"),
        ([Arm("a", 1), Arm("a", 1)], "key of its own"),
        ([Arm("a", -1), Arm("b", 2)], "0 or more"),
        ([Arm("a", 0)], "above 0"),
        ([Arm("a", float("nan"))], "0 or more"),
    ],
)
def test_broken_arms_are_refused(arms, message):
    with pytest.raises(ValueError, match=message):
        edges(arms)


def test_holdout_comes_before_layer_and_layer_before_arms():
    holdout, layer = BucketRange.share("everywhere", 0.1), BucketRange("checkout", 0, 5000)
    places = [place(str(i), "x", HALVES, layer=layer, holdout=holdout) for i in range(20_000)]
    held = [p for p in places if p.place is Place.HELD_OUT]
    outside = [p for p in places if p.place is Place.OUTSIDE_LAYER]
    assert stats.binomtest(len(held), 20_000, 0.1).pvalue > 0.001
    assert stats.binomtest(len(outside), 20_000 - len(held), 0.5).pvalue > 0.001
    assert all(p.arm is None and p.propensity is None for p in held + outside)
    assert {p.propensity for p in places if p.place is Place.ASSIGNED} == {0.5}


def test_ranges_of_one_layer_exclude_each_other():
    low, high = BucketRange("checkout", 0, 5000), BucketRange("checkout", 5000, 10_000)
    assert not low.overlaps(high)
    assert low.overlaps(BucketRange("checkout", 4999, 6000))
    assert not low.overlaps(BucketRange("mail", 0, 5000))
    assert all((str(i) in low) != (str(i) in high) for i in range(1000))


def test_range_outside_of_the_buckets_is_refused():
    with pytest.raises(ValueError, match="within 0 and 10000"):
        BucketRange("x", 0, 10_001)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8).filter(lambda w: sum(w) > 1e-6))
def test_edges_rise_and_end_at_the_last_bucket(weights):
    tops = edges([Arm(str(i), w) for i, w in enumerate(weights)])
    assert tops == sorted(tops)
    assert tops[-1] == BUCKETS
