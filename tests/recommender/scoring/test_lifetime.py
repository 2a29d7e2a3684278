"""BG/NBD and gamma-gamma against the papers' figures, another implementation, and simulated shops."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recommender import DataError
from recommender.dataset import DAY
from recommender.errors import ArtifactError
from recommender.scoring.lifetime import (
    BgNbd,
    Check,
    GammaGamma,
    LifetimeValue,
    check,
    fit_lifetime_value,
    purchases,
)
from recommender.scoring.unknown import Unknown

HERE = Path(__file__).parent
# 2,357 customers of CDNOW, in weeks (Fader and Hardie, brucehardie.com/datasets): the data of the papers.
CDNOW = pl.read_csv(HERE / "cdnow.csv")
# From the package lifetimes 0.11.3 on the same rows, in an environment of its own.
OTHER = json.loads((HERE / "lifetimes_reference.json").read_text())


@pytest.fixture(scope="module")
def frequency() -> BgNbd:
    return BgNbd.fit(*(CDNOW[name].to_numpy() for name in ("frequency", "recency", "T")))


@pytest.fixture(scope="module")
def spend() -> GammaGamma:
    return GammaGamma.fit(CDNOW["frequency"].to_numpy(), CDNOW["monetary_value"].to_numpy())


def test_bgnbd_finds_the_parameters_of_the_paper(frequency):
    # Fader, Hardie and Lee (2005), table 2.
    assert frequency.r == pytest.approx(0.243, abs=5e-4)
    assert frequency.alpha == pytest.approx(4.414, abs=5e-3)
    assert frequency.a == pytest.approx(0.793, abs=2e-3)
    assert frequency.b == pytest.approx(2.426, abs=1e-2)
    assert frequency.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_gamma_gamma_finds_the_parameters_of_the_note(spend):
    # Fader and Hardie (2013), section 3: p = 6.25, q = 3.74, gamma = 15.44.
    assert spend.p == pytest.approx(6.25, abs=0.02)
    assert spend.q == pytest.approx(3.74, abs=0.01)
    assert spend.gamma == pytest.approx(15.44, abs=0.05)


def test_expectations_are_those_of_another_implementation():
    theirs = OTHER["bgnbd"]
    model = BgNbd(theirs["r"], theirs["alpha"], theirs["a"], theirs["b"])
    for case in OTHER["cases"]:
        one = tuple(np.array([float(case[name])]) for name in ("x", "tx", "T"))
        assert model.expected(case["t"], *one)[0] == pytest.approx(case["expected"], rel=1e-9)
        assert model.alive(*one)[0] == pytest.approx(case["alive"], rel=1e-9)
    for case in OTHER["population"]:
        assert model.newcomers(case["t"]) == pytest.approx(case["expected"], rel=1e-9)
    spend = GammaGamma(OTHER["gg"]["p"], OTHER["gg"]["q"], OTHER["gg"]["v"])
    for case in OTHER["spend"]:
        one = spend.expected(np.array([float(case["x"])]), np.array([float(case["m"])]))
        assert one[0] == pytest.approx(case["expected"], rel=1e-9)


def test_expectation_stays_finite_for_daily_buyers(frequency):
    many = np.array([5000.0])
    expected = frequency.expected(39.0, many, np.array([400.0]), np.array([400.1]))
    rate = (frequency.r + 5000) / (frequency.alpha + 400.1)
    assert 0.9 * rate * 39 < expected[0] <= rate * 39


def test_draws_have_the_expected_mean_and_the_interval_its_coverage(frequency):
    x, tx, span = (np.array(part) for part in ([2.0, 0.0, 10.0], [30.43, 0.0, 35.0], [38.86] * 3))
    drawn = frequency.draw(39.0, x, tx, span, 200_000, np.random.default_rng(1))
    assert drawn.mean(axis=1) == pytest.approx(frequency.expected(39.0, x, tx, span), rel=0.02)


def test_spending_drawn_has_the_expected_mean(spend):
    x, mean = np.array([0.0, 5.0]), np.array([0.0, 80.0])
    drawn = spend.draw(x, mean, np.ones((2, 200_000)), np.random.default_rng(1))
    assert drawn.mean(axis=1) == pytest.approx(spend.expected(x, mean), rel=0.03)


def test_purchases_of_a_day_are_one_and_the_first_is_no_repeat():
    cut = 100 * DAY
    baskets = pl.DataFrame(
        {
            "user_id": ["a", "a", "a", "b", "c", "c"],
            "timestamp": [cut - 30.5 * DAY, cut - 10.4 * DAY, cut - 10.2 * DAY, cut - 5 * DAY, cut, cut + 9],
            "amount": [50.0, 10.0, 20.0, 9.0, 1.0, 1.0],
        }
    )
    people = purchases(baskets, cut)
    assert people.users == ("a", "b")
    assert people.x.tolist() == [1.0, 0.0]
    assert people.tx.tolist() == [20.0, 0.0]
    assert people.span.tolist() == [30.0, 5.0]
    assert people.mean.tolist() == [30.0, 0.0]


def test_refunded_days_count_as_visits_but_not_as_spending():
    cut = 100 * DAY
    baskets = pl.DataFrame(
        {
            "user_id": ["a"] * 3,
            "timestamp": [cut - 30 * DAY, cut - 20 * DAY, cut - 5 * DAY],
            "amount": [5.0, -8.0, 12.0],
        }
    )
    people = purchases(baskets, cut)
    assert (people.x[0], people.spenders[0], people.mean[0]) == (2.0, 1.0, 12.0)


def simulated(customers: int, seed: int) -> pl.DataFrame:
    """Draw 240 days of baskets from known parameters."""
    random = np.random.default_rng(seed)
    rows: list[tuple[str, float, float]] = []
    for number in range(customers):
        rate, leaving = random.gamma(1.2, 1 / 18), random.beta(0.8, 6.0)
        nu = random.gamma(4.0, 1 / 15.0)
        at = random.uniform(0, 100)
        while at < 240:
            rows.append((f"c{number:04}", at * DAY, random.gamma(6.0, 1 / nu)))
            if len(rows) > 1 and rows[-2][0] == rows[-1][0] and random.random() < leaving:
                break
            at += 1 + random.exponential(1 / rate)
    return pl.DataFrame(rows, schema=["user_id", "timestamp", "amount"], orient="row")


def test_held_out_days_are_forecast_better_than_by_the_days_before():
    found = check(simulated(800, 3), 180 * DAY, 56)
    assert isinstance(found, Check)
    assert found.customers == 800
    assert found.error < found.last_period_error
    assert found.difference.high < 0
    assert abs(found.total_error) < 0.15
    assert 0.86 <= found.covered <= 0.97


def test_too_few_who_came_back_is_unknown_and_says_how_many_are_missing():
    baskets = pl.DataFrame({"user_id": [str(n) for n in range(500)], "timestamp": 0.0, "amount": 1.0})
    found = fit_lifetime_value(purchases(baskets, 10 * DAY))
    assert found == Unknown("lifetime_value", "customers who came back", 0, 100)
    assert found.missing == 100


def test_impossible_histories_are_refused():
    one = np.array([1.0])
    with pytest.raises(DataError, match="last purchase"):
        BgNbd.fit(one, np.array([9.0]), np.array([5.0]))
    with pytest.raises(DataError, match="bought twice"):
        BgNbd.fit(np.zeros(3), np.zeros(3), np.ones(3))


def test_stored_value_predicts_the_same_and_damage_is_noticed(tmp_path):
    people = purchases(simulated(300, 5), 180 * DAY)
    fitted = fit_lifetime_value(people)
    assert isinstance(fitted, LifetimeValue)
    digest = fitted.save(tmp_path / "value")
    again = LifetimeValue.load(tmp_path / "value", digest)
    assert again.predict(people, 28).equals(fitted.predict(people, 28))
    with pytest.raises(ArtifactError):
        LifetimeValue.load(tmp_path / "value", "0" * 64)
