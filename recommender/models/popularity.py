"""Popularity: what most people have. First-class, and the end of the fallback chain."""

import numpy as np
import scipy.sparse as sp

from recommender.arrays import Float32, Float64, Int32
from recommender.base import Recommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because


class Popularity(Recommender):
    """Score an item by its share of users; with a time constant, recent buyers count more.

    Each user counts at most once for an item, however often they bought it. ``time_constant`` in days.
    """

    name = "popularity"
    share_: Float32

    def __init__(self, time_constant: float | None = None) -> None:
        self.time_constant = time_constant

    def _fit(self, dataset: Dataset) -> None:
        weights = dataset.matrix(self.time_constant)
        once = np.minimum(weights.data, 1.0) if self.time_constant else np.ones_like(weights.data)
        total = np.bincount(weights.indices, weights=once, minlength=len(dataset.items))
        self.share_ = (total / len(dataset.users)).astype(np.float32)

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the same row for every user."""
        return np.repeat(self.share_[None, :], len(rows), axis=0)

    def score_common(self, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the shares, which are everybody's."""
        return self.share_

    def score_pairs(self, rows: Int32, codes: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the shares of some items."""
        return self.share_[codes]

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the shares: nobody's history matters."""
        return self.share_.copy()

    def _because(self, row: int, code: int, goal: Objective) -> list[Because]:
        return [Because("popular", self.items_[code], float(self.share_[code]))]


class RecentPopularity(Popularity):
    """Popularity among recent buyers."""

    name = "recent-popularity"

    def __init__(self, time_constant: float = 30.0) -> None:
        super().__init__(time_constant)


class Trending(Popularity):
    """Score an item by how many have bought it lately, times how much that has grown.

    ``buyers * (buyers + smoothing) / (expected + smoothing)`` with the buyers of the last ``days`` and
    as expected the mean of the ``back`` equal periods before. Without timestamps it is popularity.
    """

    name = "trending"

    def __init__(self, days: float = 14.0, back: int = 4, smoothing: float = 5.0) -> None:
        self.days = days
        self.back = back
        self.smoothing = smoothing

    def _fit(self, dataset: Dataset) -> None:
        if dataset.ages is None:
            self.share_ = self.popularity_
            return
        now = _buyers(dataset, 0, self.days)
        periods = [_buyers(dataset, n * self.days, (n + 1) * self.days) for n in range(1, self.back + 1)]
        expected = sum(periods) / max(self.back, 1)
        growth = (now + self.smoothing) / (expected + self.smoothing)
        self.share_ = (now * growth / len(dataset.users)).astype(np.float32)


def _buyers(dataset: Dataset, since: float, until: float) -> Float64:
    """Return each item's distinct buyers between two ages in days."""
    ages = np.zeros(dataset.rows) if dataset.ages is None else np.maximum(dataset.ages, 0)
    inside = (ages >= since) & (ages < until)
    pairs = sp.csr_matrix(
        (np.ones(int(inside.sum())), (dataset.user_codes[inside], dataset.item_codes[inside])), dataset.shape
    )
    pairs.sum_duplicates()
    counts: Float64 = np.bincount(pairs.indices, minlength=len(dataset.items)).astype(np.float64)
    return counts
