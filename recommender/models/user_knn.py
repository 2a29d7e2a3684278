"""User-kNN: what similar customers have."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from implicit.nearest_neighbours import all_pairs_knn
from sklearn.preprocessing import normalize

from recommender.arrays import Csr, Float32, Int32
from recommender.base import Because, Recommender
from recommender.columns import Objective
from recommender.dataset import Dataset, History
from recommender.models.own_frequency import inverse_frequency, scaled


class UserKNN(Recommender):
    """Score an item by the similarity-weighted votes of the nearest customers.

    Likeness is the cosine of log-counts weighted by inverse item frequency; a neighbour votes with
    log(1 + decayed count), ``vote_time_constant`` in days. Stores ``neighbours`` entries per user; the
    search is exact and costs the sum over items of buyers squared.
    """

    name = "user-knn"
    vectors_: Csr
    neighbours_: Csr
    votes_: Csr
    frequency_: Float32

    def __init__(self, neighbours: int = 100, vote_time_constant: float = 60.0) -> None:
        self.neighbours = neighbours
        self.vote_time_constant = vote_time_constant

    def _fit(self, dataset: Dataset) -> None:
        counts = dataset.matrix(log=True)
        self.frequency_ = inverse_frequency(counts)
        self.vectors_ = self._vectors(counts)
        self.votes_ = dataset.matrix(self.vote_time_constant, log=True)
        self.neighbours_ = nearest(self.vectors_.T, self.neighbours)

    def _vectors(self, counts: Csr) -> Csr:
        return normalize(scaled(counts, self.frequency_)).astype(np.float32)

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array of scores of known users."""
        scores: Float32 = (self.neighbours_[rows] @ self.votes_).toarray()
        return scores

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Find the neighbours of a new history and let them vote."""
        likeness = (self._vectors(history.matrix(log=True)) @ self.vectors_.T).toarray().ravel()
        keep = np.argsort(-likeness, kind="stable")[: self.neighbours]
        weights = sp.csr_matrix(likeness[keep].astype(np.float32)[None, :])
        scores: Float32 = (weights @ self.votes_[keep]).toarray().ravel()
        return scores

    def _because(self, row: int, code: int, goal: Objective) -> list[Because]:
        near = self.neighbours_[row]
        votes = self.votes_[near.indices][:, [code]].toarray().ravel() * near.data
        return [
            Because("neighbour", self.users_[int(user)], float(vote))
            for user, vote in zip(near.indices, votes, strict=True)
            if vote
        ]


def nearest(columns: Any, count: int) -> Csr:
    """Return the ``count`` nearest other columns of each column by inner product, as CSR rows.

    Exact, multi-threaded (implicit's C++ routine); memory is columns x count entries.
    """
    size = columns.shape[1]
    # One more than wanted: a column is its own nearest and is taken out again.
    pairs = all_pairs_knn(
        columns.tocsr().astype(np.float64), min(count + 1, size), show_progress=False
    ).tocoo()
    other = (pairs.row != pairs.col) & (pairs.data > 0)
    found = sp.csr_matrix(
        (pairs.data[other].astype(np.float32), (pairs.row[other], pairs.col[other])), shape=(size, size)
    )
    found.sort_indices()
    return found
