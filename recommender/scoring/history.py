"""What scores are learned from: baskets, and how people responded to what they were sent."""

from dataclasses import dataclass, field

import polars as pl

from recommender.columns import AMOUNT, BASKET, DISCOUNT, EVENT, ITEM, TIME, USER
from recommender.errors import DataError
from recommender.reading import Cleaned, clean_interactions, seconds

#: When something that was sent ends, where it does (an offer's last day).
UNTIL = "until"
#: What a responses table may tell of.
OFFER, REDEMPTION, MESSAGE, CLICK = "offer", "redemption", "message", "click"
RESPONSES = (OFFER, REDEMPTION, MESSAGE, CLICK)
#: Baskets may say what the shop's calendar explains: bought in a sale, or on a public holiday.
SALE, HOLIDAY = "sale", "holiday"

_NO_RESPONSES = pl.DataFrame(schema={USER: pl.String, TIME: pl.Float64, EVENT: pl.String, UNTIL: pl.Float64})


@dataclass(frozen=True)
class Past:
    """Baskets and responses, one row each, times in epoch seconds.

    ``baskets``: user_id, timestamp, amount, discount, items[, sale, holiday]. ``responses``: user_id,
    timestamp, event (one of offer, redemption, message, click), until (null: no end).
    """

    baskets: pl.DataFrame
    responses: pl.DataFrame = field(default_factory=lambda: _NO_RESPONSES)

    @classmethod
    def from_interactions(
        cls, interactions: pl.DataFrame | Cleaned, responses: pl.DataFrame | None = None
    ) -> "Past":
        """Sum up interactions to baskets; raises DataError where they carry no times."""
        cleaned = interactions if isinstance(interactions, Cleaned) else clean_interactions(interactions)
        if not cleaned.has_time:
            raise DataError("scores need a timestamp column")
        rows = cleaned.frame
        name = pl.col(TIME).cast(pl.String)
        if BASKET in rows.columns:
            name = pl.col(BASKET).fill_null(name)
        rows = rows.with_columns(name.alias(BASKET))
        for absent in {AMOUNT, DISCOUNT} - set(rows.columns):
            rows = rows.with_columns(pl.lit(0.0).alias(absent))
        baskets = rows.group_by(USER, BASKET).agg(
            pl.col(TIME).min(), pl.col(AMOUNT).sum(), pl.col(DISCOUNT).sum(), items=pl.col(ITEM).n_unique()
        )
        return cls(
            baskets.drop(BASKET).sort(USER, TIME),
            _NO_RESPONSES if responses is None else clean_responses(responses),
        )


def clean_responses(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring responses to the common types; raises DataError for missing columns and unknown events."""
    absent = [name for name in (USER, TIME, EVENT) if name not in frame.columns]
    if absent:
        raise DataError(f"responses: column {', '.join(absent)} is missing")
    until = seconds(frame[UNTIL]) if UNTIL in frame.columns else pl.Series([None] * frame.height)
    clean = frame.select(
        pl.col(USER).cast(pl.String).str.strip_chars(),
        seconds(frame[TIME]).alias(TIME),
        pl.col(EVENT).cast(pl.String).str.strip_chars(),
        until.cast(pl.Float64).fill_nan(None).alias(UNTIL),
    )
    unknown = sorted(set(clean[EVENT].drop_nulls().to_list()) - set(RESPONSES))
    if unknown:
        raise DataError(f"responses: event {', '.join(unknown)} is unknown; use {', '.join(RESPONSES)}")
    return clean.filter(pl.col(USER).is_not_null() & pl.col(TIME).is_not_null() & pl.col(TIME).is_finite())
