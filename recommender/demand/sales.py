"""What was sold of each product on each day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from recommender.arrays import Float64, Int64
from recommender.columns import AMOUNT, ITEM, QUANTITY, TIME
from recommender.dataset import DAY
from recommender.errors import DataError

#: How far ahead is said, in days: four weeks.
HORIZON = 28
YEAR = 364


@dataclass(frozen=True)
class Sales:
    """Units and amounts by product and day: position by position in `product`, `day`, `units`, `amount`.

    Day 0 is the first, `end` the day that is not over yet. `category` is each product's by number (-1: none).
    """

    products: Sequence[str]
    product: Int64
    day: Int64
    units: Float64
    amount: Float64
    category: Int64
    end: int

    @classmethod
    def from_frame(
        cls, purchases: pl.DataFrame, as_of: float, categories: Mapping[str, str] | None = None
    ) -> "Sales":
        """Add up purchases (recommender.columns: item, time in epoch seconds, quantity, amount).

        Days are counted back from `as_of`, so the last one is whole. 1.4 million lines take about 0.3 s.
        Raises DataError without a purchase.
        """
        known = purchases.filter((pl.col(TIME) < as_of) & pl.col(ITEM).is_not_null() & (pl.col(QUANTITY) > 0))
        if known.is_empty():
            raise DataError("there are no sales before this moment")
        amount = pl.col(AMOUNT).fill_null(0.0) if AMOUNT in known.columns else pl.lit(0.0)
        days = (
            known.group_by(ITEM, ((as_of - pl.col(TIME)) / DAY).floor().cast(pl.Int64).alias("back"))
            .agg(pl.col(QUANTITY).sum().cast(pl.Float64), amount.sum().cast(pl.Float64).alias(AMOUNT))
            .sort(ITEM, "back")
        )
        names = days[ITEM].unique(maintain_order=True).to_list()
        end = int(days["back"].max()) + 1  # type: ignore[arg-type]  # an integer column that is not empty
        of = categories or {}
        numbers = {name: number for number, name in enumerate(sorted(set(of.values())))}
        return cls(
            products=names,
            product=days[ITEM].rle_id().cast(pl.Int64).to_numpy(),
            day=end - 1 - days["back"].to_numpy(),
            units=days[QUANTITY].to_numpy(),
            amount=days[AMOUNT].to_numpy(),
            category=np.array([numbers.get(of.get(name, ""), -1) for name in names], dtype=np.int64),
            end=end,
        )

    def before(self, day: int) -> "Sales":
        """Return what was known at the beginning of a day, of the same products."""
        past = self.day < day
        return Sales(
            self.products,
            self.product[past],
            self.day[past],
            self.units[past],
            self.amount[past],
            self.category,
            day,
        )

    def between(self, first: int, last: int) -> Float64:
        """Return the units of each product from a day to the one before another."""
        mask = (self.day >= first) & (self.day < last)
        return added_up(self.product[mask], self.units[mask], len(self.products))

    def naive(self) -> Float64:
        """Return the seasonal naive forecast: the same four weeks a year ago, else the last four weeks."""
        first = self.end - (YEAR if self.end >= YEAR else HORIZON)
        return self.between(first, first + HORIZON)


def added_up(product: Int64, values: Float64, size: int) -> Float64:
    """Return the sum of values of each product."""
    return np.asarray(np.bincount(product, values, size), dtype=np.float64)
