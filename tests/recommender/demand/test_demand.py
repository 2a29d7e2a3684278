"""Forecasts of demand: what is planted comes back, ranges hold, and the past never sees the future."""

import numpy as np
import polars as pl
import pytest

from recommender.demand import Sales, backtest, forecast, judge
from recommender.demand.features import FEATURES, known_at
from recommender.demand.forecasting import BOOSTED, SMOOTHED, Forecast
from recommender.errors import DataError

DAY = 86_400.0
END = 400 * DAY


def purchases(rates: dict[str, float], days: int = 300, seed: int = 0) -> pl.DataFrame:
    """Return Poisson sales a day of each product, the last day before END."""
    random = np.random.default_rng(seed)
    rows = []
    for item, rate in rates.items():
        units = random.poisson(rate, days)
        for back in np.flatnonzero(units):
            rows.append((item, END - (back + 0.5) * DAY, float(units[back]), float(units[back]) * 2))
    return pl.DataFrame(rows, schema=["item_id", "timestamp", "quantity", "amount"], orient="row")


def sales(rates: dict[str, float], days: int = 300, seed: int = 0) -> Sales:
    return Sales.from_frame(purchases(rates, days, seed), END)


@pytest.fixture(scope="module")
def many() -> tuple[dict[str, float], Sales]:
    random = np.random.default_rng(1)
    rates = {f"p{n:03}": float(rate) for n, rate in enumerate(random.lognormal(-2.0, 1.2, 330))}
    return rates, sales(rates, days=260)


def test_days_are_counted_back_from_the_moment_so_the_last_one_is_whole():
    frame = pl.DataFrame(
        {
            "item_id": ["a", "a", "b", "a", None],
            "timestamp": [END - 1, END - DAY + 1, END - 2 * DAY, END, END - 1],
            "quantity": [2, 3, 1, 50, 9],
        }
    )
    found = Sales.from_frame(frame, END)
    assert found.products == ["a", "b"]
    assert found.end == 3  # what happened exactly two days ago is of the day before those
    assert found.between(0, 3).tolist() == [5, 1]
    assert found.between(2, 3).tolist() == [5, 0]


def test_there_is_nothing_to_say_without_sales_or_of_fewer_than_four_weeks():
    with pytest.raises(DataError, match="no sales"):
        Sales.from_frame(purchases({"a": 0.0}).cast({"timestamp": pl.Float64, "quantity": pl.Float64}), END)
    with pytest.raises(DataError, match="too few"):
        forecast(sales({"a": 1.0}, days=20))


def test_what_is_known_at_a_moment_never_sees_what_came_later():
    rates = {"a": 1.0, "b": 0.2, "c": 3.0}
    whole = sales(rates)
    later = np.concatenate([whole.units[whole.day < 200], whole.units[whole.day >= 200] * 100])
    order = np.concatenate([np.flatnonzero(whole.day < 200), np.flatnonzero(whole.day >= 200)])
    changed = Sales(
        whole.products,
        whole.product[order],
        whole.day[order],
        later,
        whole.amount[order],
        whole.category,
        whole.end,
    )
    ours, theirs = known_at(whole, 200), known_at(changed, 200)
    assert np.array_equal(ours.values, theirs.values, equal_nan=True)
    assert ours.values.shape == (3, len(FEATURES))


def test_a_pooled_model_finds_the_planted_rates_within_its_ranges(many):
    rates, known = many
    said = forecast(known)
    assert said.method == BOOSTED
    truth = np.array([rates[item] * 28 for item in said.products])
    assert said.expected.sum() == pytest.approx(truth.sum(), rel=0.08)
    assert np.all(said.low <= said.middle) and np.all(said.middle <= said.high)
    came = np.random.default_rng(7).poisson(truth)
    within = (said.low <= came) & (came <= said.high)
    assert 0.85 <= within.mean() <= 0.995
    # Repeating the last four weeks repeats their chance as well.
    off, naive = np.abs(said.middle - came).sum(), np.abs(known.naive() - came).sum()
    assert off < 0.9 * naive


def test_the_backtest_forecasts_from_before_what_it_is_judged_by(many):
    _, known = many
    quality = backtest(known, resamples=200)
    assert quality is not None
    past = known.before(known.end - 28)
    same = judge(forecast(past), past.naive(), known.between(known.end - 28, known.end), resamples=200)
    assert quality == same
    assert quality.interval[0] <= quality.ratio <= quality.interval[1] < 1
    assert quality.naive == pytest.approx(quality.wape / quality.ratio)


def test_a_small_shop_is_smoothed_and_a_dormant_product_expects_nothing():
    rates = {f"p{n}": 1.0 for n in range(20)}
    dormant = pl.DataFrame(
        {"item_id": ["z"], "timestamp": [END - 250 * DAY], "quantity": [40.0], "amount": [80.0]}
    )
    known = Sales.from_frame(pl.concat([purchases(rates), dormant]), END)
    said = forecast(known)
    assert said.method == SMOOTHED
    by = dict(zip(said.products, said.expected, strict=True))
    assert by["z"] == 0 and said.high[said.products.index("z")] == 0
    assert np.mean([by[item] for item in rates]) == pytest.approx(28, rel=0.1)


def test_the_judgement_is_the_published_formula_on_the_same_products():
    came = np.array([4.0, 0.0, 10.0, 0.0])
    said = Forecast(
        ("a", "b", "c", "d"),
        expected=np.array([3.0, 1.0, 8.0, 0.0]),
        low=np.array([1.0, 0.0, 11.0, 0.0]),
        middle=np.array([3.0, 1.0, 9.0, 0.0]),
        high=np.array([5.0, 2.0, 12.0, 0.0]),
        method=BOOSTED,
    )
    quality = judge(said, naive=np.array([6.0, 0.0, 12.0, 0.0]), came=came)
    assert quality is not None
    assert quality.wape == pytest.approx(3 / 14)
    assert quality.naive == pytest.approx(4 / 14)
    assert quality.ratio == pytest.approx(3 / 4)
    assert quality.coverage == pytest.approx(2 / 3)
    assert quality.bias == pytest.approx(12 / 14 - 1)
    assert quality.products == 3  # nobody expected anything of d, and nothing came
    assert judge(said, naive=np.zeros(4), came=np.zeros(4)) is None
