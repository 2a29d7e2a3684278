import numpy as np
import pytest

from campaigns.learning.effects import Evidence, believe, worth
from campaigns.learning.memory import Outcome, Wave

ALL = [("everybody",)]


def one(key, cells, shown=1.0):
    """Return a wave of one context: arm -> (people, orders)."""
    return Wave(key, {ALL[0]: {arm: Outcome(n, x, 10.0 * x) for arm, (n, x) in cells.items()}}, shown)


def test_two_arms_are_shrunk_by_hand():
    found = believe([one("1", {"a": (1000, 100), "b": (1000, 150)})], ALL, ("a", "b"))
    mean, covariance = found.rates(ALL[0])
    level = (250 + 50 * 250.5 / 2001) / 2050
    noise = 2 * level * (1 - level) / 1000
    prior = 2 * sum(scale**2 for scale in found.scales)
    assert mean[1] - mean[0] == pytest.approx(0.05 * prior / (prior + noise))
    spread = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert spread == pytest.approx(prior * noise / (prior + noise))
    assert mean.mean() == pytest.approx(level)


def test_only_people_of_the_same_wave_are_compared():
    """B did worse in both waves, but had most of its people in the good season: Simpson's paradox."""
    waves = [one("1", {"a": (9000, 900), "b": (1000, 80)}), one("2", {"a": (1000, 300), "b": (9000, 2430)})]
    mean, _ = believe(waves, ALL, ("a", "b")).rates(ALL[0])
    assert (80 + 2430) / 10_000 > (900 + 300) / 10_000  # what counting all together would say
    assert mean[0] > mean[1] + 0.015


def test_a_wave_whose_orders_are_still_to_come_says_the_same_with_less_weight():
    whole = Evidence.of([one("1", {"a": (1000, 100), "b": (1000, 140)})], ALL, ("a", "b"))
    half = Evidence.of([one("1", {"a": (1000, 50), "b": (1000, 70)}, shown=0.5)], ALL, ("a", "b"))
    assert half.level == pytest.approx(whole.level, rel=1e-3)
    assert half.a == pytest.approx(whole.a / 2, rel=1e-3)
    assert half.r == pytest.approx(whole.r / 2, rel=1e-3)


def test_an_older_wave_weighs_nine_tenths():
    new = one("2", {"a": (500, 50), "b": (500, 60)})
    old = one("1", {"a": (500, 50), "b": (500, 60)})
    alone = Evidence.of([new], ALL, ("a", "b"))
    both = Evidence.of([old, new], ALL, ("a", "b"))
    assert both.people == pytest.approx(alone.people * 1.9)
    assert both.a == pytest.approx(alone.a * 1.9, rel=1e-3)


def test_a_context_without_people_leans_on_those_like_it():
    contexts = [("young", "low"), ("young", "high"), ("old", "low"), ("old", "high")]
    good, bad = Outcome(2000, 300), Outcome(2000, 200)
    waves = [
        Wave(str(w), {c: {"a": bad, "b": good} if c[0] == "young" else {"a": good, "b": bad}
                      for c in contexts[:3]})
        for w in range(4)
    ]  # fmt: skip
    found = believe(waves, contexts, ("a", "b"))
    unseen, _ = found.rates(("old", "high"))
    assert unseen[0] > unseen[1]  # as the old do, though nobody of them is in the high band
    mean, covariance = found.rates(("young", "low"))
    assert mean[1] - mean[0] > 0.04
    assert covariance[0, 0] < found.rates(("old", "high"))[1][0, 0]


def test_arms_nobody_had_keep_their_prior_and_stay_uncertain():
    found = believe([one("1", {"a": (5000, 500), "b": (5000, 500)})], ALL, ("a", "b", "c"))
    mean, covariance = found.rates(ALL[0])
    assert mean == pytest.approx([0.1, 0.1, 0.1], abs=1e-3)
    assert covariance[2, 2] > covariance[0, 0]


def test_it_is_right_as_often_as_it_says():
    """Of 300 shops, the true difference lies in the 80 % interval in about 80 %."""
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(300):
        truth = np.clip(0.1 + rng.normal(0, 0.016, 2), 0.01, 0.5)
        waves = [
            one(str(w), {arm: (300, rng.binomial(300, rate)) for arm, rate in zip("ab", truth, strict=True)})
            for w in range(4)
        ]
        mean, covariance = believe(waves, ALL, ("a", "b"), discount=1.0).rates(ALL[0])
        error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
        inside += abs(mean[1] - mean[0] - (truth[1] - truth[0])) < 1.2816 * error
    assert 0.72 <= inside / 300 <= 0.88


def test_what_cannot_be_believed_is_refused():
    with pytest.raises(ValueError, match="At least one"):
        believe([], [], ("a",))
    with pytest.raises(ValueError, match="same coordinates"):
        believe([], [("a",), ("a", "b")], ("a",))
    with pytest.raises(KeyError, match="Nothing is known"):
        believe([], ALL, ("a",)).rates(("somebody",))


def test_an_order_is_worth_what_all_arms_show_less_its_own_coupons():
    cells = {"0": Outcome(100, 50, 500.0), "10": Outcome(100, 50, 700.0, 100.0)}
    found = worth([Wave("1", {ALL[0]: cells})], ALL, ("0", "10"))
    # 1,200 over 100 orders; each arm's own 50 weigh against a thousand of them
    assert found.margin["0"] == pytest.approx((500 + 12_000) / 1050)
    assert found.margin["10"] == pytest.approx((700 + 12_000) / 1050)
    assert found.discount == {"0": 0.0, "10": 2.0}
    assert found.net("10") == pytest.approx(12_700 / 1050 - 2)
