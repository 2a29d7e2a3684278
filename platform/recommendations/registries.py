"""What recommendations ask of higher apps."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl

from core.registry import Registry
from recommender import columns

#: By name: what messages showed to a customer since a moment, as skus. Who sends fills it.
messaged: Registry[Callable[[int, datetime], set[str]]] = Registry("source of messages")


def messaged_skus(customer_id: int, since: datetime) -> set[str]:
    """Return the skus that any message showed to a customer since a moment."""
    return {sku for _, source in messaged for sku in source(customer_id, since)}


#: By name: what was shown from one moment to another, as rows of user_id, item_id, timestamp, propensity.
shown: Registry[Callable[[datetime, datetime], pl.DataFrame]] = Registry("source of what was shown")
SHOWN: dict[str, Any] = {
    columns.USER: pl.String,
    columns.ITEM: pl.String,
    columns.TIME: pl.Float64,
    columns.PROPENSITY: pl.Float64,
}


def shown_rows(since: datetime, before: datetime) -> pl.DataFrame:
    """Return what anything showed to anybody, whoever shows it."""
    return pl.concat([pl.DataFrame(schema=SHOWN), *(rows(since, before) for _, rows in shown)])


#: By name: what messages showed, as a statement for recommendations.quality. Its rows are a text id,
#: customer_id, at, strategy_id, shown (a JSON list of skus) and fallback (how many of these filled an empty
#: place), of what went from %(since)s on and before %(until)s.
impressions: Registry[str] = Registry("source of impressions")
