"""Every figure of a model's lists, measured against one split."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import polars as pl

from recommender.arrays import AnyArray, Csr, Float32, Float64, Int32
from recommender.attributes import item_features
from recommender.columns import ITEM, Objective
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.metrics import lists as by_themselves
from recommender.metrics import ranking
from recommender.metrics.rating import mae, rmse
from recommender.validation.splits import Split

#: A column is a category where this many items share a value on average, and there are two or more.
SHARED_BY = 5
ATTRIBUTES, BUYERS = "attributes", "buyers"


@dataclass(frozen=True)
class Figures:
    """The means over users of one model's lists; None where the data cannot say."""

    ndcg10: float
    recall10: float
    precision10: float
    f1_10: float
    map10: float
    mrr10: float
    hit_rate10: float
    coverage10: float
    gini10: float
    diversity10: float | None
    novelty10: float | None
    calibration10: float | None


class Measures:
    """What all models of an evaluation are measured by: truth, likeness of items, kinds, popularity.

    ``category`` names the attribute for calibration; without it the first one that groups items (two
    values or more, five items or more a value on average) is taken. Likeness is by attributes where there
    are any, else by common buyers.
    """

    def __init__(self, split: Split, category: str | None = None) -> None:
        self.split = split
        self.category, self._groups = grouping(split.train.attributes, category)

    @cached_property
    def features(self) -> tuple[Csr, str]:
        """Return items x features and where they come from."""
        train = self.split.train
        matrix, terms = item_features(train.attributes, len(train.items))
        if terms:
            return matrix, ATTRIBUTES
        buyers = train.seen.T.tocsr()
        buyers.data = np.ones_like(buyers.data)
        return buyers, BUYERS

    @property
    def diversity_by(self) -> str:
        """Say what likeness of items rests on: attributes or buyers."""
        return self.features[1]

    def of(self, lists: Int32, rows: Int32, goal: Objective) -> tuple[Figures, Float64]:
        """Return the figures of the lists of some users, and each user's NDCG.

        ``rows`` are the users' positions; each has something true for this objective.
        """
        train = self.split.train
        truth = self.split.truth_for(goal)[rows]
        found, sizes = ranking.hits(lists, truth), np.diff(truth.indptr)
        values = ranking.ndcg_of_hits(found, sizes)
        buyers = np.bincount(train.seen.indices, minlength=len(train.items))
        calibration = None
        if self._groups is not None:
            calibration = mean(by_themselves.calibration(lists, self._groups, train.seen[rows]))
        figures = Figures(
            ndcg10=float(values.mean()),
            recall10=float(ranking.recall_of_hits(found, sizes).mean()),
            precision10=float(ranking.precision_of_hits(found, sizes).mean()),
            f1_10=float(ranking.f1_of_hits(found, sizes).mean()),
            map10=float(ranking.average_precision_of_hits(found, sizes).mean()),
            mrr10=float(ranking.reciprocal_rank_of_hits(found, sizes).mean()),
            hit_rate10=float(ranking.hit_rate_of_hits(found, sizes).mean()),
            coverage10=by_themselves.coverage(lists, len(train.items)),
            gini10=by_themselves.concentration(lists, len(train.items)),
            diversity10=mean(by_themselves.intra_list_diversity(lists, self.features[0])),
            novelty10=mean(by_themselves.novelty(lists, buyers, active_users(train))),
            calibration10=calibration,
        )
        return figures, values


@runtime_checkable
class PredictsRatings(Protocol):
    """A model that says what a user would rate an item."""

    def predict(self, users: Int32, items: Int32) -> Float32:
        """Return the expected rating of each (user, item) pair of positions."""
        ...


def rating_errors(model: object, split: Split) -> tuple[float | None, float | None]:
    """Return rmse and mae of the window's ratings; None without ratings or for a model without them."""
    if split.rated is None or split.train.ratings is None or not isinstance(model, PredictsRatings):
        return None, None
    said = model.predict(split.rated.users, split.rated.items)
    return rmse(said, split.rated.ratings), mae(said, split.rated.ratings)


def grouping(attributes: pl.DataFrame | None, category: str | None) -> tuple[str | None, AnyArray | None]:
    """Return the category's column and each item's kind (-1: none); nothing where no column groups items."""
    columns: Sequence[str] = [] if attributes is None else [c for c in attributes.columns if c != ITEM]
    if category is not None and category not in columns:
        have = ", ".join(columns) or "none"
        raise DataError(f"the items have no column {category} for the category (columns found: {have})")
    for name in columns if category is None else [category]:
        assert attributes is not None  # noqa: S101  # there are columns, so there is a frame
        values = attributes[name].cast(pl.String)
        kinds = values.drop_nulls().unique().sort()
        known = len(values) - values.null_count()
        if category is not None or (len(kinds) >= 2 and known >= SHARED_BY * len(kinds)):
            index = pl.Series(np.arange(len(kinds), dtype=np.int32))
            codes = values.replace_strict(kinds, index, default=None, return_dtype=pl.Int32)
            return name, codes.fill_null(-1).to_numpy()
    return None, None


def active_users(train: Dataset) -> int:
    """Return how many users have a row."""
    return int((np.diff(train.seen.indptr) > 0).sum())


def mean(values: Float64) -> float | None:
    """Return the mean without nan; None where nothing is left."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
