"""User-kNN: what similar customers have."""

from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from implicit.nearest_neighbours import all_pairs_knn
from sklearn.preprocessing import normalize

from recommender.arrays import AnyArray, Csr, Float32, Int32, block_rows, spread
from recommender.base import Recommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.history import History
from recommender.lists import Because
from recommender.models.own_frequency import inverse_frequency, scaled

LIKENESSES = ("cosine", "pearson", "euclidean")
#: Where a sum has one entry for so many columns, sorting the entries takes less than a pass over the columns:
#: of 200,000 customers 5,000 bought something of a history, and the pass took as long as all else.
FEW = 16


class UserKNN(Recommender):
    """Score an item by the similarity-weighted votes of the nearest customers.

    ``likeness`` compares log-counts weighted by inverse item frequency: by cosine; by Pearson's
    correlation over the whole catalogue; or as 1 / (1 + Euclidean distance). Only customers with an
    item in common are neighbours. A neighbour votes with log(1 + decayed count), ``vote_time_constant``
    in days. Stores ``neighbours`` entries per user; the search is exact and costs the sum over items of
    buyers squared.
    """

    name = "user-knn"
    vectors_: Csr
    neighbours_: Csr
    votes_: Csr
    frequency_: Float32

    def __init__(
        self, neighbours: int = 100, vote_time_constant: float = 60.0, likeness: str = "cosine"
    ) -> None:
        self.neighbours = neighbours
        self.vote_time_constant = vote_time_constant
        self.likeness = likeness

    def _fit(self, dataset: Dataset) -> None:
        if self.likeness not in LIKENESSES:
            raise DataError(
                f"user-knn: unknown likeness '{self.likeness}'; choose from {', '.join(LIKENESSES)}"
            )
        self.__dict__.pop("_buyers", None)
        counts = dataset.matrix(log=True)
        self.frequency_ = inverse_frequency(counts)
        self.vectors_ = self._vectors(counts)
        self.votes_ = dataset.matrix(self.vote_time_constant, log=True)
        if self.likeness == "cosine":
            self.neighbours_ = nearest(self.vectors_.T, self.neighbours)
        else:
            self.neighbours_ = self._search()

    def _vectors(self, counts: Csr) -> Csr:
        weighted = scaled(counts, self.frequency_)
        return (normalize(weighted) if self.likeness == "cosine" else weighted).astype(np.float32)

    def _search(self) -> Csr:
        """Return each user's nearest others, block by block."""
        users = self.vectors_.shape[0]
        found = []
        step = block_rows(users)
        for start in range(0, users, step):
            near = self._compare(self.vectors_[start : start + step])
            own = np.arange(near.shape[0])
            near[own, own + start] = 0
            keep = min(self.neighbours, users)
            chosen = np.argpartition(-near, keep - 1, axis=1)[:, :keep]
            values = np.take_along_axis(near, chosen, axis=1)
            line, place = np.nonzero(values > 0)
            shape = (near.shape[0], users)
            found.append(sp.csr_matrix((values[line, place], (line, chosen[line, place])), shape))
        joined = sp.vstack(found).tocsr().astype(np.float32)
        joined.sort_indices()
        return joined

    def _compare(self, vectors: Csr) -> Float32:
        """Return rows x users likeness, 0 without an item in common."""
        common = (vectors @ self.vectors_.T).tocsr()
        if self.likeness == "cosine":
            return np.asarray(common.toarray(), dtype=np.float32)
        line = np.repeat(np.arange(common.shape[0]), np.diff(common.indptr))
        mine, theirs = _moments(vectors), _moments(self.vectors_)
        squares, sums = mine[0][line], mine[1][line]
        if self.likeness == "euclidean":
            apart = np.maximum(squares + theirs[0][common.indices] - 2 * common.data, 0)
            common.data = 1 / (1 + np.sqrt(apart))
        else:
            items = self.vectors_.shape[1]
            spread = (squares - sums**2 / items) * (theirs[0] - theirs[1] ** 2 / items)[common.indices]
            shared = common.data - sums * theirs[1][common.indices] / items
            common.data = np.maximum(shared / np.sqrt(np.maximum(spread, 1e-12)), 0)
        return np.asarray(common.toarray(), dtype=np.float32)

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array of scores of known users."""
        scores: Float32 = self.score_sparse(rows).toarray()
        return scores

    def score_sparse(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Csr:
        """Return the votes of the neighbours, who have few of all items."""
        return self.neighbours_[rows] @ self.votes_

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Find the neighbours of a new history and let them vote."""
        return spread(*self.score_few(history, objective), len(self.items_))

    def score_few(
        self, history: History, objective: Objective = Objective.REPLENISH
    ) -> tuple[AnyArray, Float32]:
        """Return the votes of the neighbours, who have few of all items."""
        if self.likeness == "cosine":
            codes, counts = history.pairs(log=True)
            weights = counts * self.frequency_[codes]
            vector = weights / max(float(np.sqrt(weights @ weights)), 1e-12)
            users, likeness = added_up(self._buyers, codes, vector)
        else:
            likeness = self._compare(self._vectors(history.matrix(log=True)))[0]
            users = np.arange(len(likeness))
        if len(likeness) > self.neighbours:
            near = np.argpartition(-likeness, self.neighbours - 1)[: self.neighbours]
            likeness, users = likeness[near], users[near]
        return added_up(self.votes_, users, likeness)

    @cached_property
    def _buyers(self) -> Csr:
        """Return items x users: turning the vectors for every new history would cost a pass over them all."""
        return self.vectors_.T.tocsr()

    def _because(self, row: int, code: int, goal: Objective) -> list[Because]:
        near = self.neighbours_[row]
        votes = self.votes_[near.indices][:, [code]].toarray().ravel() * near.data
        return [
            Because("neighbour", self.users_[int(user)], float(vote))
            for user, vote in zip(near.indices, votes, strict=True)
            if vote
        ]


def added_up(matrix: Csr, rows: AnyArray, weights: AnyArray) -> tuple[AnyArray, Float32]:
    """Return the columns and values of a few rows' weighted sum: scipy's own takes thrice as long for one."""
    starts = matrix.indptr[rows]
    sizes = matrix.indptr[np.asarray(rows) + 1] - starts
    # Entry n of all rows together lies at its row's start plus n less what the rows before it hold.
    places = np.arange(sizes.sum()) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    columns = matrix.indices[places]
    values = matrix.data[places] * np.repeat(weights, sizes)
    if FEW * len(columns) < matrix.shape[1]:
        found, groups = np.unique(columns, return_inverse=True)
        return found, np.bincount(groups, weights=values).astype(np.float32)
    total = np.bincount(columns, weights=values, minlength=matrix.shape[1])
    found = np.flatnonzero(total != 0)  # four times as fast as of the sums themselves
    return found, total[found].astype(np.float32)


def _moments(vectors: Csr) -> tuple[AnyArray, AnyArray]:
    """Return each row's sum of squares and sum."""
    wide = vectors.astype(np.float64)
    return np.asarray(wide.multiply(wide).sum(axis=1)).ravel(), np.asarray(wide.sum(axis=1)).ravel()


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
