"""Sample ratio, many comparisons, guardrails and power."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.experiments.statistics.moments import Moments
from campaigns.experiments.statistics.multiplicity import benjamini_hochberg, holm
from campaigns.experiments.statistics.noninferiority import (
    Guard,
    guard,
    guard_proportions,
    guard_relative_mean,
)
from campaigns.experiments.statistics.power import (
    minimum_effect,
    minimum_effect_mean,
    power_of,
    sample_size,
    sample_size_mean,
)
from campaigns.experiments.statistics.results import NotComputableError
from campaigns.experiments.statistics.sample_ratio import check_sample_ratio

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_sample_ratio_alarms_on_a_leak_and_not_on_chance():
    assert check_sample_ratio([5_250, 4_750], [0.5, 0.5]).clean is False
    assert check_sample_ratio([50_300, 49_700], [1, 1]).clean is True
    assert check_sample_ratio([0, 0], [1, 1]).p_value is None


def test_arm_without_weight_takes_no_degree_of_freedom():
    two, three = check_sample_ratio([480, 520], [1, 1]), check_sample_ratio([480, 520, 0], [1, 1, 0])
    assert three.p_value == two.p_value
    assert check_sample_ratio([480, 520, 1], [1, 1, 0]).p_value == 0.0


def test_small_expected_counts_are_judged_exactly():
    assert check_sample_ratio([3, 1], [1, 1]).p_value == pytest.approx(0.625)
    several = check_sample_ratio([1_000, 1_000, 12], [0.4995, 0.4995, 0.001])
    assert several.exact
    assert not several.clean
    assert check_sample_ratio([1_000, 1_000, 2], [0.4995, 0.4995, 0.001]).clean


def test_sample_ratio_of_a_single_live_arm_has_nothing_to_test():
    assert check_sample_ratio([10, 0], [1, 0]).p_value == 1.0


@pytest.mark.parametrize(("users", "weights"), [([], []), ([1], [1, 1]), ([-1, 1], [1, 1]), ([1, 1], [0, 0])])
def test_broken_splits_are_refused(users, weights):
    with pytest.raises(ValueError, match=r"weight"):
        check_sample_ratio(users, weights)


def test_holm_and_benjamini_hochberg_on_a_known_family():
    p = [0.03, 0.001, 0.4, 0.02]
    assert holm(p).p_values == pytest.approx((0.06, 0.004, 0.4, 0.06))
    assert holm(p).rejected == (False, True, False, False)
    assert benjamini_hochberg(p).p_values == pytest.approx((0.04, 0.004, 0.4, 0.04))
    assert holm([]).p_values == benjamini_hochberg([]).p_values == ()


@given(probabilities)
def test_adjusting_only_raises_and_holm_most(p):
    strict, loose = holm(p).p_values, benjamini_hochberg(p).p_values
    assert all(raw <= b + 1e-12 <= h + 2e-12 for raw, b, h in zip(p, loose, strict, strict=True))
    assert max(strict) <= 1


def test_p_values_above_one_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.2, 1.2])


def test_guardrail_reads_safe_harmed_or_not_yet_known():
    assert guard_proportions(100, 50_000, 108, 50_000, margin=0.001).status is Guard.SAFE
    assert guard_proportions(100, 50_000, 400, 50_000, margin=0.001).status is Guard.HARMED
    assert guard_proportions(2, 1_000, 3, 1_000, margin=0.001).status is Guard.UNKNOWN


def test_guardrail_without_a_single_event_is_judged_by_its_limit():
    few, many = (guard_proportions(0, n, 0, n, margin=0.001) for n in (1_000, 50_000))
    assert few.status is Guard.UNKNOWN
    assert many.status is Guard.SAFE
    assert many.upper < 0.001


def test_a_falling_rate_can_be_the_harm():
    assert guard_proportions(5_000, 10_000, 4_000, 10_000, margin=0.02, bad="decrease").status is Guard.HARMED
    assert guard_proportions(4_000, 10_000, 5_000, 10_000, margin=0.02, bad="decrease").status is Guard.SAFE


def test_relative_margin_of_revenue_needs_more_people_than_a_shop_has():
    rng = np.random.default_rng(5)
    spend = rng.gamma(0.5, 40, 4_000) * (rng.random(4_000) < 0.05)
    same = Moments.from_values(spend)
    assert guard_relative_mean(same, same, margin=0.02).status is Guard.UNKNOWN
    lost = guard_relative_mean(same, Moments.from_values(spend * 0.1), margin=0.02)
    assert lost.status is Guard.HARMED
    assert lost.harm == pytest.approx(0.9)


def test_guardrail_refuses_what_it_cannot_judge():
    with pytest.raises(NotComputableError):
        guard(0.1, 0.0, 0.2)
    with pytest.raises(ValueError, match="margin"):
        guard(0.1, 0.1, -0.2)


def test_sample_size_of_the_textbook_test():
    assert sample_size(0.05, 0.1) == 31_231
    assert sample_size(0.05, 0.1, pooled=True) == 31_234
    assert sample_size_mean(0.05) == pytest.approx(6_280.05, abs=0.02)


def test_power_at_the_sample_size_is_what_was_asked():
    assert power_of(0.05, 0.1, sample_size(0.05, 0.1, pooled=True)) == pytest.approx(0.8, abs=1e-4)
    assert power_of(0.05, 0.1, 400_000) > 0.999999


def test_smallest_effect_falls_with_the_root_of_n():
    assert minimum_effect(0.02, 40_000) == pytest.approx(minimum_effect(0.02, 10_000) / 2)
    assert minimum_effect_mean(10, 400) == pytest.approx(minimum_effect_mean(10, 100) / 2)


@pytest.mark.parametrize(("base", "lift"), [(0.0, 0.1), (0.5, 1.0), (0.05, 0.0), (1.2, 0.1)])
def test_impossible_plans_are_refused(base, lift):
    with pytest.raises(ValueError, match="between 0 and 1"):
        sample_size(base, lift)
