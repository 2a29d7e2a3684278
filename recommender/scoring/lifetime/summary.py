"""What the lifetime models know of a customer: how often, how lately, for how long, how much."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from recommender.arrays import AnyArray, Float64
from recommender.columns import AMOUNT, TIME, USER
from recommender.dataset import DAY


@dataclass(frozen=True)
class Purchases:
    """One entry a customer, sorted by id; times in days.

    ``x``: repeat purchases (days with a purchase, less the first). ``tx``: first to last. ``span``: first
    to the cut. ``mean``: value of a repeat purchase, 0 without one. ``spenders``: of how many purchases
    above zero that is the mean.
    """

    users: tuple[str, ...]
    x: Float64
    tx: Float64
    span: Float64
    mean: Float64
    spenders: Float64

    def __len__(self) -> int:
        return len(self.users)

    def take(self, places: AnyArray) -> "Purchases":
        """Return the customers at these places."""
        parts = (part[places] for part in (self.x, self.tx, self.span, self.mean, self.spenders))
        return Purchases(tuple(self.users[place] for place in places), *parts)


def purchases(baskets: pl.DataFrame, cut: float) -> Purchases:
    """Sum up the baskets (user_id, timestamp in seconds, amount) before ``cut``.

    What one customer buys on one day (24 hours counted back from the cut) is one purchase. As gamma-gamma
    needs values above zero, days whose sum is not are left out of ``mean``.
    """
    days = (
        baskets.filter(pl.col(TIME) < cut)
        .with_columns(day=((cut - pl.col(TIME)) / DAY).floor())
        .group_by(USER, "day")
        .agg(pl.col(AMOUNT).sum())
    )
    first = pl.col("day").max()
    # The first purchase says nothing about coming back, and often is not like the later ones.
    later = (pl.col("day") < first) & (pl.col(AMOUNT) > 0)
    people = (
        days.group_by(USER)
        .agg(
            x=(pl.len() - 1).cast(pl.Float64),
            tx=(first - pl.col("day").min()),
            span=first,
            mean=pl.col(AMOUNT).filter(later).mean().fill_null(0.0),
            spenders=later.sum().cast(pl.Float64),
        )
        .sort(USER)
    )
    parts = (people[name].to_numpy().astype(np.float64) for name in ("x", "tx", "span", "mean", "spenders"))
    return Purchases(tuple(people[USER].to_list()), *parts)
