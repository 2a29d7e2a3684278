"""Cut interactions into what a model may learn from and what it is asked about afterwards."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl
import scipy.sparse as sp

from recommender.arrays import Bool, Csr, Float32, Int32
from recommender.columns import ITEM, RATING, TIME, USER, Objective
from recommender.dataset import DAY, Dataset
from recommender.errors import DataError
from recommender.reading import Cleaned, moment


@dataclass(frozen=True)
class Split:
    """A training set and the truth that followed, under the same ids.

    ``truth`` is users x items, one where the user had the item in the window. It holds only users with
    a training row and items of the training catalogue. ``rated`` holds the ratings of the window, where
    the shop has any.
    """

    train: Dataset
    truth: Csr
    rated: "Rated | None" = None

    def truth_for(self, objective: Objective) -> Csr:
        """Return the truth for an objective: ``discover`` leaves out what the user had before."""
        if objective.keeps_bought:
            return self.truth
        new = (self.truth - self.truth.multiply(self.train.seen.astype(bool))).tocsr()
        new.eliminate_zeros()
        return new

    def evaluated(self, objective: Objective) -> Int32:
        """Return the positions of users with at least one true item."""
        rows: Int32 = np.flatnonzero(np.diff(self.truth_for(objective).indptr)).astype(np.int32)
        return rows


@dataclass(frozen=True)
class Rated:
    """Ratings given in a window by users with a training row: positions and values, row by row."""

    users: Int32
    items: Int32
    ratings: Float32


def rated_rows(users: Int32, items: Int32, ratings: Float32, train: Dataset) -> Rated | None:
    """Return the rows with a rating by users and of items of the training set; None without any."""
    active = np.bincount(train.user_codes, minlength=train.shape[0]) > 0
    keep = ~np.isnan(ratings) & active[users] & train.known_items()[items]
    return Rated(users[keep], items[keep], ratings[keep]) if keep.any() else None


def truth_matrix(users: Int32, items: Int32, train: Dataset) -> Csr:
    """Return users x items ones for the given pairs, limited to users and items of the training set."""
    shape = train.shape
    truth = sp.csr_matrix((np.ones(len(users), dtype=np.float32), (users, items)), shape=shape)
    truth.sum_duplicates()
    rows = np.repeat(np.arange(shape[0]), np.diff(truth.indptr))
    active = np.bincount(train.user_codes, minlength=shape[0]) > 0
    keep = active[rows] & train.known_items()[truth.indices]
    return sp.csr_matrix(
        (np.ones(int(keep.sum()), dtype=np.float32), (rows[keep], truth.indices[keep])), shape=shape
    )


def cut_at(
    cleaned: Cleaned,
    cut: str | float | date | datetime,
    days: float = 28.0,
    *,
    items: pl.DataFrame | None = None,
    min_item_users: int = 1,
) -> Split:
    """Train on the rows before ``cut``, ask about those of the ``days`` from it on.

    The catalogue is what the training rows hold: nothing from the cut on decides on it.
    """
    if not cleaned.has_time:
        raise DataError(
            "the interactions have no timestamp column, so a cut in time is not possible; leave it out"
        )
    if days <= 0:
        raise DataError(f"days must be above 0, not {days:g}")
    edge = moment(cut)
    if cleaned.frame.filter(pl.col(TIME) < edge).is_empty():
        raise DataError(f"no interactions before the cut {cut}")
    train = Dataset.from_clean(cleaned, items, as_of=edge, min_item_users=min_item_users)
    after = cleaned.frame.filter((pl.col(TIME) >= edge) & (pl.col(TIME) < edge + days * DAY))
    if after.is_empty():
        raise DataError(f"no interactions in the {days:g} days from the cut {cut}")
    users, codes = train.users.codes(after[USER].to_list()), train.items.codes(after[ITEM].to_list())
    known = (users >= 0) & (codes >= 0)
    rated = None
    if RATING in after.columns:
        given = after[RATING].cast(pl.Float32).fill_null(float("nan")).to_numpy()
        rated = rated_rows(users[known], codes[known], given[known], train)
    return Split(train, truth_matrix(users[known], codes[known], train), rated)


def last_window(dataset: Dataset, days: float = 28.0) -> Split:
    """Hold back the last ``days`` before ``as_of``; nothing from then on is in the training set.

    A history shorter than four windows gives up its last quarter instead.
    """
    if dataset.times is None or dataset.as_of is None:
        raise ValueError("last_window needs timestamps; use holdout")
    span = dataset.as_of - float(dataset.times.min())
    start = dataset.as_of - min(days * DAY, span / 4)
    late: Bool = dataset.times >= start
    train = dataset.before(start)
    return Split(train, truth_matrix(dataset.user_codes[late], dataset.item_codes[late], train))


def holdout(dataset: Dataset, seed: int = 0, share: float = 0.2) -> Split:
    """Hold back a seeded share of each user's distinct items; for shops without timestamps.

    A user keeps at least one item. As pairs are held back whole, nothing true was seen before.
    """
    pairs = dataset.seen
    sizes = np.diff(pairs.indptr)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    draw = np.random.default_rng(seed).random(len(rows))
    order = np.lexsort((draw, rows))
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.arange(len(rows)) - pairs.indptr[:-1][rows]
    held = place < np.floor(sizes * share + 0.5)[rows]
    held &= place < (sizes - 1)[rows]
    keys = rows[held].astype(np.int64) * dataset.shape[1] + pairs.indices[held]
    own = dataset.user_codes.astype(np.int64) * dataset.shape[1] + dataset.item_codes
    asked = np.isin(own, keys)
    train = dataset.subset(~asked)
    rated = None
    if dataset.ratings is not None:
        given = dataset.ratings[asked]
        rated = rated_rows(dataset.user_codes[asked], dataset.item_codes[asked], given, train)
    return Split(train, truth_matrix(rows[held], pairs.indices[held], train), rated)


def validation_split(dataset: Dataset, days: float = 28.0, seed: int = 0) -> Split:
    """Return the last window where there are times, else a seeded hold-out."""
    if dataset.times is None:
        return holdout(dataset, seed)
    return last_window(dataset, days)


def windows_back(dataset: Dataset, days: float = 28.0, count: int = 3, seed: int = 0) -> list[Split]:
    """Return the last ``count`` windows, latest first, each with the training set before its start.

    Windows are ``days`` long, or a quarter of a history that is shorter than four of them. Without
    timestamps there is one seeded hold-out.
    """
    if dataset.times is None or dataset.as_of is None:
        return [holdout(dataset, seed)]
    span = dataset.as_of - float(dataset.times.min())
    width = min(days * DAY, span / 4)
    found = []
    for number in range(1, count + 1):
        start, end = dataset.as_of - number * width, dataset.as_of - (number - 1) * width
        inside: Bool = (dataset.times >= start) & (dataset.times < end)
        if number == 1:
            inside |= dataset.times >= end
        train = dataset.before(start)
        if train.rows and width > 0:
            found.append(
                Split(train, truth_matrix(dataset.user_codes[inside], dataset.item_codes[inside], train))
            )
    return found
