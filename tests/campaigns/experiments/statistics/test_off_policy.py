import numpy as np
import pytest

from campaigns.experiments.statistics.off_policy import Refusal, doubly_robust, evaluate
from campaigns.experiments.statistics.results import NotComputableError

RNG = np.random.default_rng(21)
RATES = np.array([0.05, 0.10, 0.20])


def log(policy, n=20_000):
    actions = RNG.choice(3, n, p=policy)
    return actions, (RNG.random(n) < RATES[actions]).astype(float)


def test_estimates_cover_the_true_value_of_another_policy():
    policy, target = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    actions, rewards = log(policy)
    result = evaluate(rewards, policy[actions], target[actions])
    truth = float(RATES @ target)
    assert result.judgeable
    assert abs(result.ips - truth) < 3 * result.ips_se
    assert abs(result.snips - truth) < 3 * result.snips_se
    assert abs(result.mean_weight - 1) < 0.05


def test_the_logging_policy_itself_is_worth_its_mean():
    policy = np.array([0.5, 0.3, 0.2])
    actions, rewards = log(policy, 1_000)
    result = evaluate(rewards, policy[actions], policy[actions])
    assert result.ips == result.snips == pytest.approx(rewards.mean())
    assert result.effective_n == pytest.approx(1_000)


def test_gate_refuses_a_policy_without_support():
    propensities = np.full(5_000, 0.999)
    target = np.zeros(5_000)
    target[0], propensities[0] = 1.0, 0.0001
    result = evaluate(np.ones(5_000), propensities, target)
    assert not result.judgeable
    assert set(result.refusals) == {Refusal.FEW_EFFECTIVE, Refusal.WEIGHTS_DRIFT, Refusal.ONE_DOMINATES}


def test_gate_refuses_a_short_log():
    result = evaluate(np.ones(150), np.full(150, 0.5), np.full(150, 0.5))
    assert result.refusals == (Refusal.FEW_EFFECTIVE,)


@pytest.mark.parametrize("propensity", [0.0, 1.2, -0.1, float("nan")])
def test_impossible_propensities_are_refused(propensity):
    with pytest.raises(ValueError, match="Propensities"):
        evaluate([1.0, 0.0], [0.5, propensity], [0.5, 0.5])


def test_empty_or_untouched_logs_are_refused():
    with pytest.raises(NotComputableError):
        evaluate([], [], [])
    with pytest.raises(NotComputableError, match="never takes"):
        evaluate([1, 0], [0.5, 0.5], [0, 0])
    with pytest.raises(ValueError, match="One reward"):
        evaluate([1, 0], [0.5], [0.5])


def test_doubly_robust_by_hand():
    # v + w (r - q): .3 + 2 (1 - .5) = 1.3 and .3 + .5 (0 - .2) = .2
    found = doubly_robust([1, 0], [0.25, 0.8], [0.5, 0.4], [0.5, 0.2], [0.3, 0.3])
    assert found.value == pytest.approx(0.75)
    assert found.se == pytest.approx(0.55)


def test_doubly_robust_is_ips_without_a_model_and_tighter_with_one():
    policy, target = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.3, 0.6])
    rng = np.random.default_rng(22)
    actions = rng.choice(3, 20_000, p=policy)
    rewards = RATES[actions] + rng.normal(0, 0.01, 20_000)
    log = rewards, policy[actions], target[actions]
    plain = evaluate(*log)
    nothing = np.zeros(20_000)
    without = doubly_robust(*log, nothing, nothing)
    assert (without.value, without.se) == (pytest.approx(plain.ips), pytest.approx(plain.ips_se))
    modelled = doubly_robust(*log, RATES[actions], np.full(20_000, RATES @ target))
    assert abs(modelled.value - RATES @ target) < 3 * modelled.se
    assert modelled.se < plain.ips_se / 5


def test_doubly_robust_mends_a_wrong_model_or_wrong_propensities():
    policy, target = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    rng = np.random.default_rng(23)
    actions = rng.choice(3, 40_000, p=policy)
    rewards = (rng.random(40_000) < RATES[actions]).astype(float)
    truth, even = RATES @ target, np.full(40_000, 1 / 3)
    wrong = np.full(40_000, 0.5)
    for found in (
        doubly_robust(rewards, policy[actions], target[actions], wrong, wrong),
        doubly_robust(rewards, even, target[actions], RATES[actions], np.full(40_000, truth)),
    ):
        assert abs(found.value - truth) < 3 * found.se
    assert abs(evaluate(rewards, even, target[actions]).ips - truth) > 0.01


def test_doubly_robust_refuses_what_it_cannot_read():
    with pytest.raises(ValueError, match="Propensities"):
        doubly_robust([1, 0], [0, 0.5], [0.5, 0.5], [0, 0], [0, 0])
    with pytest.raises(ValueError, match="expectation a row"):
        doubly_robust([1, 0], [0.5, 0.5], [0.5, 0.5], [0], [0, 0])
    with pytest.raises(NotComputableError):
        doubly_robust([1], [0.5], [0.5], [0], [0])
