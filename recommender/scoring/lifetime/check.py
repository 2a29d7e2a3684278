"""Hold out the last days, forecast them, and compare with "the same as last time"."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from recommender.arrays import Float64
from recommender.columns import AMOUNT, TIME, USER
from recommender.dataset import DAY
from recommender.errors import DataError
from recommender.scoring.lifetime.summary import purchases
from recommender.scoring.lifetime.value import LEVEL, fit_lifetime_value
from recommender.scoring.unknown import Unknown
from recommender.validation.bootstrap import Interval, paired_difference


@dataclass(frozen=True)
class Check:
    """How forecasts made at ``cut`` compare with the ``days`` that followed, per customer known then.

    ``error`` and ``last_period_error`` are mean absolute errors in money, ``difference`` the first less
    the second with its paired 95 % interval (below zero: the forecast is better). ``total_error`` is
    the forecast of the whole ÷ what came, less 1. ``covered`` is the share of customers whose spend
    lay within their interval, which should be about ``level``.
    """

    cut: float
    days: float
    customers: int
    error: float
    last_period_error: float
    difference: Interval
    total_error: float
    last_period_total_error: float
    covered: float
    level: float


def check(baskets: pl.DataFrame, cut: float, days: float, seed: int = 0) -> Check | Unknown:
    """Fit on the baskets before ``cut`` and measure on the ``days`` from it on.

    Raises DataError where the baskets do not reach the window's end or hold nothing in it.
    """
    end = cut + days * DAY
    people = purchases(baskets, cut)
    fitted = fit_lifetime_value(people)
    if isinstance(fitted, Unknown):
        return fitted
    truth = _spent(baskets, people.users, cut, end)
    if not truth.any():
        raise DataError("nobody who was known at the cut bought in the window, so nothing can be compared")
    before = _spent(baskets, people.users, cut - days * DAY, cut)
    said = fitted.predict(people, days, seed=seed)
    value = said["value"].to_numpy()
    own, naive = np.abs(value - truth), np.abs(before - truth)
    within = (truth >= said["low"].to_numpy() - 1e-9) & (truth <= said["high"].to_numpy() + 1e-9)
    return Check(
        cut,
        days,
        len(people),
        float(own.mean()),
        float(naive.mean()),
        paired_difference(own, naive, seed=seed),
        float(value.sum() / truth.sum() - 1),
        float(before.sum() / truth.sum() - 1),
        float(within.mean()),
        LEVEL,
    )


def _spent(baskets: pl.DataFrame, users: tuple[str, ...], start: float, end: float) -> Float64:
    sums = (
        baskets.filter((pl.col(TIME) >= start) & (pl.col(TIME) < end))
        .group_by(USER)
        .agg(pl.col(AMOUNT).sum())
    )
    wanted = pl.DataFrame({USER: users}, schema={USER: pl.String})
    joined = wanted.join(sums, on=USER, how="left", maintain_order="left")
    spent: Float64 = joined[AMOUNT].fill_null(0.0).to_numpy().astype(np.float64)
    return spent
