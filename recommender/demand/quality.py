"""How good forecasts were: against what came, and against seasonal naive."""

from dataclasses import dataclass

import numpy as np

from recommender.arrays import Float64
from recommender.demand.forecasting import LEARNED_DAYS, Forecast, forecast
from recommender.demand.sales import HORIZON, Sales
from recommender.validation.bootstrap import Bootstrap

RESAMPLES = 500


@dataclass(frozen=True)
class Quality:
    """What forecasts of four weeks reached.

    `wape` is the weighted absolute percentage error: what they were off in all, by what was sold in all
    (Kolassa and Schütz 2007); of `middle`, which is made for it. `ratio` is that against seasonal naive on
    the same products, with its paired 95 % interval over products. `coverage` is the share of products
    within low and high, `bias` expected units by units sold, less one.
    """

    wape: float
    naive: float
    ratio: float
    interval: tuple[float, float]
    coverage: float
    bias: float
    products: int
    units: float
    method: str


def backtest(sales: Sales, seed: int = 0, resamples: int = RESAMPLES) -> Quality | None:
    """Forecast the last four weeks from what was known before them; None in too short a history."""
    cut = sales.end - HORIZON
    if cut < LEARNED_DAYS:
        return None
    past = sales.before(cut)
    return judge(forecast(past, seed), past.naive(), sales.between(cut, sales.end), resamples, seed)


def judge(
    said: Forecast, naive: Float64, came: Float64, resamples: int = RESAMPLES, seed: int = 0
) -> Quality | None:
    """Compare a forecast and the naive one with what came of the same products.

    Products that sold nothing and of which neither expected anything count for nothing. None without a sale.
    """
    asked = (came > 0) | (naive > 0) | (said.expected > 0)
    off = np.column_stack([np.abs(said.middle - came), np.abs(naive - came)])[asked]
    units = float(came.sum())
    if not units or not off[:, 1].any():
        return None
    boot = Bootstrap(len(off), resamples, seed=seed)
    means = boot.means(off)
    ratio = float(off[:, 0].sum() / off[:, 1].sum())
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # a handful of products can all be drawn without naive's
        ratios = means[:, 0] / means[:, 1]
    interval = boot.interval(np.where(np.isfinite(ratios), ratios, np.nan), ratio)
    within = (said.low <= came) & (came <= said.high)
    return Quality(
        wape=float(off[:, 0].sum()) / units,
        naive=float(off[:, 1].sum()) / units,
        ratio=ratio,
        interval=(interval.low, interval.high),
        coverage=float(within[said.expected > 0].mean()),
        bias=float(said.expected.sum()) / units - 1,
        products=int(asked.sum()),
        units=units,
        method=said.method,
    )
