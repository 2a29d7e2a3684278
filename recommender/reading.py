"""Read interactions and items from files and frames; count what cannot be used."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from recommender.columns import (
    AMOUNT,
    BASKET,
    DISCOUNT,
    EVENT,
    INTERACTIONS,
    ITEM,
    QUANTITY,
    RATING,
    TIME,
    USER,
    WEIGHT,
)
from recommender.errors import DataError

#: Seconds since the epoch reach this in the year 5138; milliseconds did in 1973.
FAR = 1e11
NUMBERS = (QUANTITY, AMOUNT, WEIGHT, DISCOUNT, RATING)


@dataclass(frozen=True)
class Cleaned:
    """Usable rows and how many were left out, by cause.

    ``frame`` has user_id and item_id as strings, timestamp (where given) as float seconds since the
    epoch, and numbers as floats.
    """

    frame: pl.DataFrame
    rejected: dict[str, int] = field(default_factory=dict)

    def before(self, moment_: float) -> "Cleaned":
        """Return the rows before a moment (epoch seconds); all of them where there are no times."""
        return replace(self, frame=self.frame.filter(pl.col(TIME) < moment_)) if self.has_time else self

    @property
    def has_time(self) -> bool:
        """Say whether the rows carry times."""
        return TIME in self.frame.columns


def read_table(path: str | Path) -> pl.DataFrame:
    """Read a CSV (every column as text, so that ids keep leading zeros) or a Parquet file."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"{path}: cannot be read ({reason}); a CSV with a header or Parquet is needed"
        ) from error


def clean_interactions(frame: pl.DataFrame) -> Cleaned:
    """Bring interactions to the common types and leave out rows that cannot be used.

    A row is one (basket, item): lines of the same basket are added up; without a basket column, lines
    of one user, item and instant are. Counted causes: ``missing_id``, ``bad_timestamp``,
    ``bad_number``, ``not_positive``. Raises DataError where user_id or item_id is missing altogether and
    where times are in milliseconds.
    """
    _need(frame, (USER, ITEM), "interactions")
    rejected: dict[str, int] = {}
    columns = [name for name in INTERACTIONS if name in frame.columns]
    frame = frame.select(columns).with_columns(_identifier(USER), _identifier(ITEM))
    if BASKET in columns:
        frame = frame.with_columns(_identifier(BASKET))
    frame = _keep(frame, pl.col(USER).is_not_null() & pl.col(ITEM).is_not_null(), "missing_id", rejected)
    if TIME in columns:
        frame = frame.with_columns(seconds(frame[TIME]).alias(TIME))
        frame = _keep(frame, pl.col(TIME).is_finite(), "bad_timestamp", rejected)
        _refuse_milliseconds(frame[TIME])
    for name in (c for c in NUMBERS if c in columns):
        frame = _numeric(frame, name, rejected)
    for name in (c for c in (QUANTITY, WEIGHT) if c in columns):
        frame = _keep(frame, pl.col(name) > 0, "not_positive", rejected)
    return Cleaned(_merge_lines(frame), rejected)


def clean_items(frame: pl.DataFrame) -> pl.DataFrame:
    """Return one row per item_id; the other columns are its attributes, untouched."""
    _need(frame, (ITEM,), "items")
    return (
        frame.with_columns(_identifier(ITEM))
        .filter(pl.col(ITEM).is_not_null())
        .unique(ITEM, keep="first")
        .sort(ITEM)
    )


def moment(value: str | float | date | datetime) -> float:
    """Return epoch seconds of an ISO 8601 text, a date, a datetime or a number; naive means UTC."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        text = value.strip()
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            try:
                return float(text)
            except ValueError:
                raise DataError(
                    f"'{value}' is not a time; write ISO 8601 (2017-11-06) or epoch seconds"
                ) from None
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def seconds(column: pl.Series) -> pl.Series:
    """Return a column of times as float epoch seconds, null where it cannot be read."""
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        aware = column.dt.convert_time_zone("UTC") if kind.time_zone else column
        return aware.dt.epoch("us").cast(pl.Float64) / 1e6
    if kind == pl.Date:
        return column.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64) / 1e6
    if kind.is_numeric():
        return column.cast(pl.Float64)
    if kind == pl.String:
        distinct = column.unique()
        read = [_moment_or_none(text) for text in distinct.to_list()]
        return column.replace_strict(distinct, pl.Series(read, dtype=pl.Float64), default=None)
    if kind == pl.Null:
        return column.cast(pl.Float64)
    raise DataError(f"column {column.name}: {kind} is not a time; write ISO 8601 or epoch seconds")


def _refuse_milliseconds(times: pl.Series) -> None:
    if len(times) and np.median(times.to_numpy()) > FAR:
        raise DataError(
            f"column {TIME}: {times[0]:.0f} is not a time in epoch seconds; divide milliseconds by 1000"
        )


def _moment_or_none(text: str | None) -> float | None:
    try:
        return None if text is None else moment(text)
    except DataError:
        return None


def _need(frame: pl.DataFrame, names: tuple[str, ...], what: str) -> None:
    absent = [name for name in names if name not in frame.columns]
    if absent:
        have = ", ".join(frame.columns) or "none"
        raise DataError(f"{what}: column {', '.join(absent)} is missing (columns found: {have})")


def _identifier(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text == "").then(None).otherwise(text).alias(name)


def _keep(frame: pl.DataFrame, keep: pl.Expr, cause: str, rejected: dict[str, int]) -> pl.DataFrame:
    kept = frame.filter(keep)
    if kept.height < frame.height:
        rejected[cause] = rejected.get(cause, 0) + frame.height - kept.height
    return kept


def _numeric(frame: pl.DataFrame, name: str, rejected: dict[str, int]) -> pl.DataFrame:
    """Read a column as floats: an empty cell means 1 for quantity and weight, 0 for money, no rating."""
    if frame[name].dtype == pl.String:
        frame = frame.with_columns(
            pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name)
        )
    blank = {QUANTITY: 1.0, WEIGHT: 1.0, RATING: None}.get(name, 0.0)
    number = pl.col(name).cast(pl.Float64, strict=False)
    readable = pl.col(name).is_null() | number.is_finite().fill_null(value=False)
    return _keep(frame, readable, "bad_number", rejected).with_columns(
        (number if blank is None else number.fill_null(blank)).alias(name)
    )


def _total(name: str) -> pl.Expr:
    return pl.col(name).sum()


def _merge_lines(frame: pl.DataFrame) -> pl.DataFrame:
    if BASKET in frame.columns:
        keys = [USER, BASKET, ITEM]
    elif TIME in frame.columns:
        keys = [USER, TIME, ITEM]
    else:
        return frame
    rules: dict[str, Callable[[str], pl.Expr]] = {
        TIME: lambda c: pl.col(c).min(),
        WEIGHT: lambda c: pl.col(c).max(),
        EVENT: lambda c: pl.col(c).first(),
        RATING: lambda c: pl.col(c).mean(),
    }
    rest = [c for c in frame.columns if c not in keys]
    adding = [rules.get(c, _total)(c) for c in rest]
    # A row without a basket id stands for itself: it must not melt into the others.
    whole = frame.filter(pl.all_horizontal(pl.col(k).is_not_null() for k in keys))
    single = frame.filter(pl.any_horizontal(pl.col(k).is_null() for k in keys))
    merged = whole.group_by(keys).agg(adding).select(frame.columns)
    return pl.concat([merged, single]) if single.height else merged
