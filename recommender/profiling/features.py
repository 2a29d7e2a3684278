"""What a customer's purchases say about how they buy, as of a moment."""

from datetime import date, datetime

import polars as pl

from recommender.columns import AMOUNT, BASKET, DISCOUNT, ITEM, QUANTITY, TIME, USER
from recommender.dataset import DAY
from recommender.errors import DataError
from recommender.reading import Cleaned, clean_interactions, moment

#: What personas are made from, where the data have it.
BEHAVIOUR = (
    "recency_days",
    "baskets_per_week",
    "basket_value",
    "basket_items",
    "distinct_items",
    "repeat_share",
    "discount_share",
)
#: When they come: it tells groups apart less well, so it is an option.
RHYTHM = ("weekend_share", "morning_share", "evening_share")


def customer_features(
    interactions: pl.DataFrame | Cleaned, as_of: str | float | date | datetime | None = None
) -> pl.DataFrame:
    """Return one row per user_id, sorted; rows at or after ``as_of`` are never looked at.

    recency_days: since the last basket. tenure_days: since the first. baskets; baskets_per_week: over the
    tenure, at least one week. amount; basket_value: amount a basket. basket_items: items a basket.
    distinct_items. mean_gap_days: between baskets, null for one basket. repeat_share: rows whose item
    the customer had bought in an earlier basket. discount_share: discount / (amount + discount).
    weekend_share, morning_share (before 12), evening_share (from 18): of the baskets, in the times as
    given. Columns without data in the input are left out. ``as_of`` defaults to the last row's time.
    """
    cleaned = interactions if isinstance(interactions, Cleaned) else clean_interactions(interactions)
    if not cleaned.has_time:
        raise DataError("profiles need a timestamp column")
    rows = cleaned.frame
    if as_of is not None:
        rows = rows.filter(pl.col(TIME) < moment(as_of))
    if rows.is_empty():
        raise DataError(
            "no usable interactions before the date asked for" if as_of else "no usable interactions"
        )
    now = moment(as_of) if as_of is not None else float(rows.select(pl.col(TIME).max()).item())
    if BASKET not in rows.columns:
        rows = rows.with_columns(pl.col(TIME).cast(pl.String).alias(BASKET))
    else:
        rows = rows.with_columns(pl.col(BASKET).fill_null(pl.col(TIME).cast(pl.String)))
    rows = rows.with_columns(again=pl.col(TIME) > pl.col(TIME).min().over(USER, ITEM))
    baskets = rows.group_by(USER, BASKET).agg(
        pl.col(TIME).min(), items=pl.len(), again=pl.col("again").sum(), **_money(rows.columns)
    )
    when = pl.from_epoch(pl.col(TIME).cast(pl.Int64), time_unit="s")
    baskets = baskets.with_columns(
        weekend=when.dt.weekday() >= 6, morning=when.dt.hour() < 12, evening=when.dt.hour() >= 18
    )
    people = baskets.group_by(USER).agg(
        recency_days=(now - pl.col(TIME).max()) / DAY,
        tenure_days=(now - pl.col(TIME).min()) / DAY,
        baskets=pl.len(),
        basket_items=pl.col("items").mean(),
        mean_gap_days=pl.when(pl.len() > 1).then(
            (pl.col(TIME).max() - pl.col(TIME).min()) / DAY / (pl.len() - 1)
        ),
        repeat_share=pl.col("again").sum() / pl.col("items").sum(),
        weekend_share=pl.col("weekend").mean(),
        morning_share=pl.col("morning").mean(),
        evening_share=pl.col("evening").mean(),
        **(
            {"amount": pl.col(AMOUNT).sum(), "basket_value": pl.col(AMOUNT).mean()}
            if AMOUNT in rows.columns
            else {}
        ),
        **({"discount_share": _share()} if {AMOUNT, DISCOUNT} <= set(rows.columns) else {}),
    )
    people = people.with_columns(
        baskets_per_week=pl.col("baskets") / pl.max_horizontal(pl.col("tenure_days") / 7, pl.lit(1.0))
    )
    distinct = rows.group_by(USER).agg(distinct_items=pl.col(ITEM).n_unique())
    return people.join(distinct, on=USER).sort(USER)


def _money(columns: list[str]) -> dict[str, pl.Expr]:
    return {name: pl.col(name).sum() for name in (AMOUNT, DISCOUNT, QUANTITY) if name in columns}


def _share() -> pl.Expr:
    whole = pl.col(AMOUNT).sum() + pl.col(DISCOUNT).sum()
    return pl.when(whole > 0).then(pl.col(DISCOUNT).sum() / whole).otherwise(0.0)
