"""What is known of each product at a moment, and what it is measured in."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recommender.arrays import Bool, Float64, Int64
from recommender.demand.sales import HORIZON, YEAR, Sales, added_up

#: Products without a sale for so many days are dormant: nothing is learned from them and none is expected.
DORMANT = 182
#: Units of so many last days.
WINDOWS = (7, 14, 28, 56, 84, 182)
#: Mean lifetimes, in days, of smoothed rates: simple exponential smoothing (Brown 1956), in which empty days
#: count, so that it fits slow products too (Teunter, Syntetos and Babai 2011).
LIFETIMES = (14, 56, 168)
#: Days that a price now is taken from.
PRICE_DAYS = 14

#: Counted in units, so they are told in multiples of the product's pace.
PACED = (
    *(f"units_{days}d" for days in WINDOWS),
    *(f"rate_{days}d" for days in LIFETIMES),
    "units_before",  # the 28 days before the last 28
    "last_year",  # the same four weeks a year ago; unknown in a shorter history
)
FEATURES = (
    *PACED,
    "pace",
    "days_sold_28d",
    "days_sold_182d",
    "since_last",
    "since_first",
    "price",
    "price_change",  # of the last 14 days against half a year: promotions and new prices
    "category_growth",
    "category_last_year",
    "shop_growth",
)
#: What a product's pace is at least, in units in four weeks: below it, all are alike slow.
LEAST_PACE = 0.25


@dataclass(frozen=True)
class Known:
    """The products that are not dormant (positions in Sales.products), their pace and their features.

    `pace` is units in four weeks by smoothing over two and six months. The model learns what comes next
    as a multiple of it, so that fast and slow products teach each other.
    """

    rows: Int64
    pace: Float64
    values: Float64


def known_at(sales: Sales, origin: int) -> Known:
    """Return what is known at the beginning of a day; about 0.3 s for 1.4 million purchases."""
    past = sales.before(origin)
    age = origin - past.day  # 1: yesterday
    size = len(sales.products)

    def total(values: Float64, mask: Bool | None = None) -> Float64:
        if mask is None:
            return added_up(past.product, values, size)
        return added_up(past.product[mask], values[mask], size)

    units, ones = past.units, np.ones(len(past.units))
    found = {f"units_{days}d": total(units, age <= days) for days in WINDOWS}
    for life in LIFETIMES:
        # The weights of so short a history add up to less than one.
        seen = 1 - np.exp(-origin / life)
        found[f"rate_{life}d"] = HORIZON / life / seen * total(units * np.exp(-(age - 0.5) / life))
    found["units_before"] = total(units, (age > HORIZON) & (age <= 2 * HORIZON))
    found["last_year"] = (
        total(units, (age > YEAR - HORIZON) & (age <= YEAR)) if origin >= YEAR else np.full(size, np.nan)
    )
    pace = LEAST_PACE + (found["rate_56d"] + found["rate_168d"]) / 2
    found |= {"pace": pace, "days_sold_28d": total(ones, age <= HORIZON)}
    found["days_sold_182d"] = total(ones, age <= DORMANT)
    found["since_last"] = np.full(size, np.inf)
    found["since_first"] = np.zeros(size)
    np.minimum.at(found["since_last"], past.product, age)
    np.maximum.at(found["since_first"], past.product, age)
    with np.errstate(divide="ignore", invalid="ignore"):
        found["price"] = total(past.amount, age <= DORMANT) / found["units_182d"]
        found["price_change"] = total(past.amount, age <= PRICE_DAYS) / found["units_14d"] / found["price"]
        found |= _growth(sales.category, found)
    rows = np.flatnonzero(found["days_sold_182d"])
    values = np.column_stack(
        [found[name][rows] / pace[rows] if name in PACED else found[name][rows] for name in FEATURES]
    )
    values[~np.isfinite(values)] = np.nan
    return Known(rows, pace[rows], values)


def _growth(category: Int64, found: Mapping[str, Float64]) -> dict[str, Float64]:
    """Return how the shop and each product's category sell against the four weeks before and a year ago."""
    known = category >= 0
    groups = int(category.max(initial=-1)) + 1

    def of_category(values: Float64) -> Float64:
        if not groups:
            return np.full(len(category), np.nan)
        sums = np.bincount(category[known], values[known], groups)
        return np.where(known, sums[np.maximum(category, 0)], np.nan)

    now = of_category(found["units_28d"])
    shop = found["units_28d"].sum() / found["units_before"].sum()
    return {
        "category_growth": now / of_category(found["units_before"]),
        "category_last_year": of_category(found["last_year"]) / now,
        "shop_growth": np.full(len(category), shop),
    }
