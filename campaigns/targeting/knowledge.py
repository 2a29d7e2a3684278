"""What is known of an audience, in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from campaigns.targeting.models import OfferPlan, PlanValue
from core.copy import copy_to_frame
from segments.selectors import members_query

Floats = npt.NDArray[np.float64]

#: What effects are learned from, and what is kept of everybody with a value. No protected attribute,
#: no device, nothing but what they did in the shop.
FEATURES = (
    "buys", "redeems", "basket", "orders", "orders_90d", "recency_days", "gap_days", "discount_share",
)  # fmt: skip
_SQL = """
    SELECT c.id AS customer_id, c.external_id, c.no_profiling::int AS refused,
           buys.score AS buys, redeems.score AS redeems, p.basket_value AS basket, p.orders, p.orders_90d,
           p.recency_days, p.gap_days, p.discount_share, redeems.low, redeems.high{opens}
    FROM ({members}) AS audience
    JOIN customers_customer c ON c.id = audience.customer_id
    LEFT JOIN profiles_customerprofile p ON p.customer_id = c.id
    LEFT JOIN profiles_customerscore buys ON buys.customer_id = c.id AND buys.kind = 'purchase'
    LEFT JOIN profiles_customerscore redeems ON redeems.customer_id = c.id AND redeems.kind = 'redemption'
    ORDER BY c.id
"""


@dataclass(frozen=True)
class Known:
    """An audience by customer. `open_to` is people x values; `scored` counts who has a redemption score,
    `low` and `high` are its interval."""

    customers: pl.Series
    names: list[str]
    refused: npt.NDArray[np.bool_]
    open_to: npt.NDArray[np.bool_]
    features: pl.DataFrame
    buys: Floats
    redeems: Floats
    low: Floats
    high: Floats
    baskets: Floats
    scored: int

    def __len__(self) -> int:
        return len(self.customers)

    def values(self) -> Floats:
        """Return people x FEATURES, nan where nothing is known."""
        columns = [self.features[name].fill_null(float("nan")).to_numpy() for name in FEATURES]
        stacked: Floats = np.column_stack(columns)
        return stacked


def read(plan: OfferPlan, values: Sequence[PlanValue], *, as_of: datetime) -> Known:
    """Read everybody of the plan's audience with profile, scores and the segments that open values.

    200,000 people take about 2 s. Who has no score, or no basket yet, is taken for usual: the mean score,
    the median basket. Without any redemption score everybody is assumed to redeem, without any
    purchase score nobody to buy anyway: the first bounds the cost, and `scored` says that it was so.
    """
    query = members_query(plan.segment, as_of=as_of)
    opens, params = "", []
    for place, value in enumerate(values):
        if value.segment is None:
            opens += f", 1 AS open_{place}"
            continue
        stays = members_query(value.segment, as_of=as_of)
        opens += f", (c.id IN ({stays.sql}))::int AS open_{place}"
        params += list(stays.params)
    schema: dict[str, Any] = dict.fromkeys((*FEATURES, "low", "high"), pl.Float64)
    schema["external_id"] = pl.String
    whole = ("customer_id", "refused", *(f"open_{place}" for place in range(len(values))))
    schema |= dict.fromkeys(whole, pl.Int64)
    frame = copy_to_frame(_SQL.format(opens=opens, members=query.sql), [*params, *query.params], schema)
    refused = frame["refused"].to_numpy() == 1
    usable = frame.filter(frame["refused"] == 0)
    redeems = _filled(frame["redeems"], usable["redeems"].mean(), 1.0)
    return Known(
        frame["customer_id"],
        frame["external_id"].to_list(),
        refused,
        np.column_stack([frame[f"open_{place}"].to_numpy() == 1 for place in range(len(values))]),
        frame.select(FEATURES),
        _filled(frame["buys"], usable["buys"].mean(), 0.0),
        redeems,
        np.minimum(redeems, _filled(frame["low"], usable["low"].mean(), 1.0)),
        np.maximum(redeems, _filled(frame["high"], usable["high"].mean(), 0.0)),
        np.maximum(_filled(frame["basket"], usable["basket"].median(), 0.0), 0.0),
        int(usable["redeems"].count()),
    )


def _filled(column: pl.Series, usual: object, otherwise: float) -> Floats:
    value = float(usual) if isinstance(usual, int | float) else otherwise
    found: Floats = column.fill_null(value).to_numpy()
    return found
