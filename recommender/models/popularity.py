"""Popularity: what most people have. First-class, and the end of the fallback chain."""

import numpy as np

from recommender.arrays import Float32, Int32
from recommender.base import Because, Recommender
from recommender.columns import Objective
from recommender.dataset import Dataset, History


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
