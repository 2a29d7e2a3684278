import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.experiments.statistics.bayesian import Beta, beta_belief, normal_belief, prob_best
from campaigns.experiments.statistics.results import NotComputableError


def test_equal_arms_win_half_of_the_time_with_equal_risk():
    belief = beta_belief(Beta.from_counts(50, 1_000), Beta.from_counts(50, 1_000))
    assert belief.chance_to_win == pytest.approx(0.5, abs=1e-10)
    assert belief.risk_control == pytest.approx(belief.risk_treatment, rel=1e-8)


@settings(deadline=None, max_examples=40)
@given(st.integers(10, 10**6), st.integers(10, 10**6), st.floats(0, 0.5), st.floats(0, 0.5))
def test_risks_differ_by_the_difference_of_the_means(n1, n2, p1, p2):
    a, b = Beta.from_counts(round(n1 * p1), n1), Beta.from_counts(round(n2 * p2), n2)
    belief = beta_belief(a, b)
    assert belief.risk_control - belief.risk_treatment == pytest.approx(b.mean - a.mean, abs=1e-9)
    assert belief.chance_to_win == pytest.approx(1 - beta_belief(b, a).chance_to_win, abs=1e-8)


def test_normal_belief_pulls_towards_its_prior():
    flat, tight = normal_belief(0.2, 0.1), normal_belief(0.2, 0.1, prior_sd=0.1)
    assert flat.value == 0.2
    assert tight.value == pytest.approx(0.1)
    assert 0.5 < tight.chance_to_win < flat.chance_to_win
    assert flat.risk_control - flat.risk_treatment == pytest.approx(0.2)
    with pytest.raises(NotComputableError):
        normal_belief(0.2, 0.0)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(60, 5_000)), min_size=2, max_size=6))
def test_chances_to_be_best_sum_to_one_and_match_sampling(counts):
    arms = [Beta.from_counts(x, n) for x, n in counts]
    chances = prob_best(arms)
    assert sum(chances) == pytest.approx(1, abs=1e-7)
    rng = np.random.default_rng(3)
    draws = np.stack([rng.beta(arm.a, arm.b, 20_000) for arm in arms]).argmax(axis=0)
    sampled = np.bincount(draws, minlength=len(arms)) / 20_000
    assert list(chances) == pytest.approx(list(sampled), abs=0.02)


def test_a_posterior_needs_positive_parameters():
    with pytest.raises(ValueError, match="above 0"):
        Beta(0, 1)
