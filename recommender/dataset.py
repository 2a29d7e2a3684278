"""The dataset: who had to do with what, when and how strongly, as arrays ready for the models."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

import numpy as np
import polars as pl
import scipy.sparse as sp

from recommender.arrays import Bool, Csr, Float32, Float64, Int32
from recommender.columns import ITEM, RATING, TIME, USER, WEIGHT
from recommender.errors import DataError
from recommender.history import History, make_history
from recommender.ids import Ids
from recommender.ranking.labels import Shown
from recommender.reading import Cleaned, clean_interactions, clean_items, moment

DAY = 86_400.0


def interaction_matrix(
    rows: Int32,
    items: Int32,
    weights: Float32,
    ages: Float64 | None,
    shape: tuple[int, int],
    time_constant: float | None = None,
    log: bool = False,
) -> Csr:
    """Add up weights per (row, item), each decayed by ``exp(-age / time_constant)`` (days).

    ``log`` takes log(1 + x) of the sums. Returns a float32 CSR matrix with sorted indices; without
    ages or a time constant nothing decays.
    """
    values = weights
    if time_constant is not None and ages is not None:
        values = weights * np.exp(-ages / time_constant).astype(np.float32)
    matrix = sp.csr_matrix((values, (rows, items)), shape=shape, dtype=np.float32)
    matrix.sum_duplicates()
    if log:
        np.log1p(matrix.data, out=matrix.data)
    return matrix


@dataclass(frozen=True)
class Dataset:
    """Interactions of users with items, indexed; immutable.

    One entry of the row arrays is one (basket, item). ``times`` are epoch seconds or None; ``as_of`` is
    the moment from which ages are counted; ``ratings`` are nan where a row has none; ``shown``
    is what users were shown and by which chance, where that is known. About 20 bytes a row.
    """

    users: Ids
    items: Ids
    user_codes: Int32
    item_codes: Int32
    weights: Float32
    times: Float64 | None = None
    as_of: float | None = None
    attributes: pl.DataFrame | None = None
    min_item_users: int = 1
    rejected: dict[str, int] = field(default_factory=dict)
    ratings: Float32 | None = None
    shown: Shown | None = None

    @classmethod
    def from_frame(
        cls,
        interactions: pl.DataFrame,
        items: pl.DataFrame | None = None,
        *,
        as_of: str | float | date | datetime | None = None,
        min_item_users: int = 1,
        keep_cold_items: bool = False,
    ) -> "Dataset":
        """Build a dataset from raw frames (columns: see recommender.columns).

        ``as_of`` leaves out rows at or after it. ``min_item_users`` drops items with fewer distinct
        users. ``keep_cold_items`` lets items nobody bought yet into the catalogue, which only models
        that read attributes can recommend. Raises DataError where nothing usable is left.
        """
        return cls.from_clean(
            clean_interactions(interactions),
            items,
            as_of=as_of,
            min_item_users=min_item_users,
            keep_cold_items=keep_cold_items,
        )

    @classmethod
    def from_clean(
        cls,
        cleaned: Cleaned,
        items: pl.DataFrame | None = None,
        *,
        as_of: str | float | date | datetime | None = None,
        min_item_users: int = 1,
        keep_cold_items: bool = False,
    ) -> "Dataset":
        """Build a dataset from rows that were cleaned before; as from_frame."""
        frame, rejected = cleaned.frame, dict(cleaned.rejected)
        edge = None if as_of is None else moment(as_of)
        if edge is not None and cleaned.has_time:
            kept = frame.filter(pl.col(TIME) < edge)
            if kept.height < frame.height:
                rejected["after_as_of"] = frame.height - kept.height
            frame = kept
        if min_item_users > 1:
            enough = frame.group_by(ITEM).agg(n=pl.col(USER).n_unique()).filter(pl.col("n") >= min_item_users)
            frame = frame.join(enough, on=ITEM, how="semi")
        if frame.is_empty():
            causes = ", ".join(f"{count} {cause}" for cause, count in rejected.items())
            raise DataError(f"no usable interactions{f' (left out: {causes})' if causes else ''}")
        attributes = None if items is None else clean_items(items)
        sort_by = [USER, ITEM] + ([TIME] if cleaned.has_time else [])
        frame = frame.sort(sort_by)
        users = Ids(frame[USER].unique().sort().to_list())
        names = frame[ITEM].unique()
        if keep_cold_items and attributes is not None:
            names = pl.concat([names, attributes[ITEM]]).unique()
        catalogue = Ids(names.sort().to_list())
        if attributes is not None:
            attributes = pl.DataFrame({ITEM: list(catalogue)}).join(
                attributes, on=ITEM, how="left", maintain_order="left"
            )
        times = frame[TIME].to_numpy().astype(np.float64) if cleaned.has_time else None
        if edge is None and times is not None:
            edge = float(times.max())
        weights = frame[WEIGHT].to_numpy().astype(np.float32) if WEIGHT in frame.columns else None
        ratings = frame[RATING].to_numpy().astype(np.float32) if RATING in frame.columns else None
        if ratings is not None and np.isnan(ratings).all():
            ratings = None
        return cls(
            users=users,
            items=catalogue,
            user_codes=_positions(frame[USER], users),
            item_codes=_positions(frame[ITEM], catalogue),
            weights=np.ones(frame.height, dtype=np.float32) if weights is None else weights,
            times=times,
            as_of=edge,
            attributes=attributes,
            min_item_users=min_item_users,
            rejected=rejected,
            ratings=ratings,
        )

    def with_shown(self, frame: pl.DataFrame) -> "Dataset":
        """Return the dataset with what users were shown: user_id, item_id, timestamp, propensity."""
        if frame.is_empty():
            return self
        return replace(self, shown=Shown.from_frame(frame, self.users, self.items))

    @property
    def shape(self) -> tuple[int, int]:
        """Return (users, items)."""
        return len(self.users), len(self.items)

    @property
    def rows(self) -> int:
        """Return how many (basket, item) rows there are."""
        return len(self.user_codes)

    @cached_property
    def ages(self) -> Float64 | None:
        """Return each row's age in days at ``as_of``."""
        if self.times is None or self.as_of is None:
            return None
        ages: Float64 = (self.as_of - self.times) / DAY
        return ages

    @cached_property
    def seen(self) -> Csr:
        """Return the users x items matrix of summed weights (undecayed)."""
        return self.matrix()

    def matrix(self, time_constant: float | None = None, log: bool = False) -> Csr:
        """Return users x items of (decayed) weights; see interaction_matrix."""
        return interaction_matrix(
            self.user_codes, self.item_codes, self.weights, self.ages, self.shape, time_constant, log
        )

    def known_items(self) -> Bool:
        """Say for each item whether anybody had to do with it."""
        known: Bool = np.bincount(self.item_codes, minlength=len(self.items)) > 0
        return known

    def history(
        self,
        items: Sequence[str],
        days_ago: Sequence[float] | None = None,
        weights: Sequence[float] | None = None,
    ) -> History:
        """Return a new history in this dataset's positions; see make_history."""
        return make_history(self.items, items, days_ago, weights)

    def before(self, moment_: float) -> "Dataset":
        """Return the rows before a moment under the same ids; items too rare by then lose their rows."""
        if self.times is None:
            raise DataError("the interactions have no timestamps, so they cannot be cut in time")
        keep: Bool = self.times < moment_
        cut = self.subset(keep, as_of=moment_)
        if self.min_item_users > 1:
            pairs = cut.seen
            enough = np.bincount(pairs.indices, minlength=len(self.items)) >= self.min_item_users
            cut = cut.subset(enough[cut.item_codes])
        return cut

    def subset(self, keep: Bool, as_of: float | None = None) -> "Dataset":
        """Return only the rows marked in ``keep``, under the same ids."""
        return replace(
            self,
            user_codes=self.user_codes[keep],
            item_codes=self.item_codes[keep],
            weights=self.weights[keep],
            times=None if self.times is None else self.times[keep],
            as_of=self.as_of if as_of is None else as_of,
            ratings=None if self.ratings is None else self.ratings[keep],
        )


def _positions(column: pl.Series, ids: Ids) -> Int32:
    index = pl.Series(list(ids), dtype=pl.String)
    codes = column.replace_strict(index, pl.Series(np.arange(len(ids), dtype=np.int32)))
    positions: Int32 = codes.to_numpy().astype(np.int32)
    return positions
