"""Recency, frequency, monetary: scores from 1 to 5 by quantiles, and the classes that follow."""

import polars as pl

from recommender.errors import DataError

CLASSES = ("high_value", "potential", "at_risk", "lost")


def rfm(
    frame: pl.DataFrame,
    *,
    recency: str = "recency_days",
    frequency: str = "baskets",
    monetary: str = "amount",
    bins: int = 5,
) -> pl.DataFrame:
    """Add r, f, m (1 to ``bins``, most is best), ``rfm`` (as text, "545") and ``rfm_class``.

    A score is the quantile of the mid-rank, so equal customers get equal scores whatever the order of
    the rows; few days since the last purchase score high. Null stays null. Classes (Hughes 1994, cut to
    four; v is the mean of f and m, bounds for five bins): ``high_value`` r >= 4 and v >= 4; ``at_risk``
    r <= 2 and v >= 3; ``lost`` r <= 2 and v < 3; the rest ``potential``.
    """
    absent = [name for name in (recency, frequency, monetary) if name not in frame.columns]
    if absent:
        raise DataError(
            f"RFM needs the column {', '.join(absent)} (columns found: {', '.join(frame.columns)})"
        )
    if bins < 2 or bins > 9:
        raise DataError(f"RFM takes 2 to 9 bins, not {bins}")
    scored = frame.with_columns(
        _score(-pl.col(recency), bins).alias("r"),
        _score(pl.col(frequency), bins).alias("f"),
        _score(pl.col(monetary), bins).alias("m"),
    )
    value = (pl.col("f") + pl.col("m")) / 2
    upper, middle, lower = 1 + 0.75 * (bins - 1), 1 + 0.5 * (bins - 1), 1 + 0.25 * (bins - 1)
    recent, old = pl.col("r") >= upper, pl.col("r") <= lower
    return scored.with_columns(
        pl.concat_str("r", "f", "m").alias("rfm"),
        pl.when(pl.any_horizontal(pl.col("r", "f", "m").is_null()))
        .then(None)
        .when(recent & (value >= upper))
        .then(pl.lit("high_value"))
        .when(old & (value >= middle))
        .then(pl.lit("at_risk"))
        .when(old)
        .then(pl.lit("lost"))
        .otherwise(pl.lit("potential"))
        .alias("rfm_class"),
    )


def _score(values: pl.Expr, bins: int) -> pl.Expr:
    # (mid-rank - 1/2) / n lies in (0, 1) and is the same for equal values.
    quantile = (values.rank("average") - 0.5) / values.count()
    return ((quantile * bins).floor() + 1).cast(pl.Int8)
