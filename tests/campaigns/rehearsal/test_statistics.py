"""The intervals: what they shrink to, how they grow, and that they hold as often as they say."""

import numpy as np
import pytest

from campaigns.rehearsal.statistics import (
    Estimate,
    Prior,
    amount_estimate,
    amount_of,
    difference_of,
    expit,
    logit,
    predict,
    share_estimate,
    share_of,
)


def test_without_anything_seen_it_is_what_is_assumed():
    found = predict([], Prior(logit(0.25), 0.85))
    assert expit(found.quantile(0.5)) == pytest.approx(0.25, abs=1e-9)
    low, high = share_of(found, 100_000).low, share_of(found, 100_000).high
    assert (low, high) == (pytest.approx(0.081, abs=0.01), pytest.approx(0.555, abs=0.02))


def test_many_campaigns_leave_nothing_of_the_assumption():
    seen = [share_estimate(400, 1000)] * 30
    found = share_of(predict(seen, Prior(logit(0.1), 0.85)), 1_000_000)
    assert found.value == pytest.approx(0.4, abs=0.005)
    assert found.high - found.low < 0.05


def test_one_small_campaign_moves_it_a_little():
    assumed, seen = logit(0.25), share_estimate(18, 20)
    middle = predict([seen], Prior(assumed, 0.85)).quantile(0.5)
    assert assumed < middle < seen.value


def test_campaigns_that_differ_widen_the_range():
    alike = predict([Estimate(0.0, 0.01)] * 5, Prior(0.0, 4.0))
    apart = predict([Estimate(x, 0.01) for x in (-1.0, -0.5, 0.0, 0.5, 1.0)], Prior(0.0, 4.0))
    assert apart.sd > 2 * alike.sd


def test_fewer_people_widen_the_range():
    found = predict([share_estimate(300, 1000)] * 4, Prior(0.0, 4.0))
    wide, narrow = share_of(found, 50), share_of(found, 50_000)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert share_of(found, 0).high == 0


def test_differences_are_shrunk_towards_none():
    noisy = difference_of([Estimate(0.05, 0.05**2)], sd=0.005, spread=0.0025)
    assert 0 < noisy.value < 0.001
    assert noisy.low < 0 < noisy.high
    clear = difference_of([Estimate(0.01, 1e-8)] * 20, sd=0.005, spread=0.0025)
    assert clear.value == pytest.approx(0.01, abs=0.001)
    assert clear.low > 0


def test_quantiles_are_those_of_draws():
    found = predict([Estimate(x, 0.04) for x in (0.1, 0.6, 0.3, -0.2)], Prior(0.0, 4.0))
    rng = np.random.default_rng(1)
    which = rng.choice(len(found.weights), 200_000, p=found.weights)
    draws = rng.normal(found.means[which], np.sqrt(found.variances[which]))
    assert found.interval() == pytest.approx(tuple(np.quantile(draws, [0.1, 0.9])), abs=0.02)
    assert found.mean == pytest.approx(draws.mean(), abs=0.01)
    assert found.sd == pytest.approx(draws.std(), abs=0.02)


def test_ranges_hold_as_often_as_they_say():
    """Of 600 simulated shops whose times differ by a true spread, four of five next times lie inside."""
    rng = np.random.default_rng(7)
    shares, amounts = [], []
    for _ in range(600):
        spread = abs(rng.normal(0, 0.3))
        people = int(rng.integers(200, 2000))
        rates = [expit(x) for x in rng.normal(-1.0, spread, 7)]
        counts = [int(rng.binomial(people, rate)) for rate in rates]
        seen = [share_estimate(count, people) for count in counts[:6]]
        found = share_of(predict(seen, Prior(seen[0].value, 4.0)), people)
        shares.append(found.low <= counts[6] / people <= found.high)
        means = np.exp(rng.normal(3.0, spread, 7))
        spent = [rng.gamma(1.0, mean, people) for mean in means]
        each = [amount_estimate(s.mean(), s.std() / people**0.5) for s in spent[:6]]
        next_one = amount_of(predict(each, Prior(each[0].value, 4.0)), people, 1.0)
        amounts.append(next_one.low <= spent[6].mean() <= next_one.high)
    assert 0.75 <= np.mean(shares) <= 0.9
    assert 0.75 <= np.mean(amounts) <= 0.9


def test_an_amount_of_nothing_says_nothing():
    assert amount_estimate(0.0, 1.0) is None
