"""Item-kNN: items that sell to the same customers as what this customer has."""

from functools import cached_property
from typing import Any

import numpy as np
from implicit.nearest_neighbours import bm25_weight, tfidf_weight
from sklearn.preprocessing import normalize

from recommender.arrays import AnyArray, Csr, Float32, Int32, spread
from recommender.base import ProfileRecommender, history_parts
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.history import History
from recommender.lists import Because
from recommender.models.user_knn import added_up, nearest

WEIGHTINGS = ("cosine", "tfidf", "bm25")


class ItemKNN(ProfileRecommender):
    """Score an item by its likeness to the items of the history.

    Likeness is the cosine of log-count columns, cut to the ``neighbours`` nearest items each;
    ``weighting`` tfidf first discounts customers who buy everything, bm25 also saturates counts
    (Robertson, Zaragoza 2009; K1 = 100, B = 0.8) and takes the inner product instead. The history
    counts with log(1 + decayed count), ``time_constant`` in days. The search costs the sum over users of
    their items squared.
    """

    name = "item-knn"
    #: Row i holds the nearest items of item i.
    likeness_: Csr

    def __init__(self, neighbours: int = 50, time_constant: float = 120.0, weighting: str = "cosine") -> None:
        self.neighbours = neighbours
        self.time_constant = time_constant
        self.weighting = weighting

    def _fit(self, dataset: Dataset) -> None:
        self.__dict__.pop("_near", None)
        self.likeness_ = nearest(self._columns(dataset), self.neighbours)
        self.profile_ = self._profile(dataset)

    def _columns(self, dataset: Dataset) -> Any:
        """Return users x items whose columns' inner products are the likeness."""
        counts = dataset.matrix(log=True)
        if self.weighting == "cosine":
            return normalize(counts.tocsc(), axis=0)
        # implicit weighs the columns of what it gets: here the customers, who are its documents' words.
        if self.weighting == "tfidf":
            return normalize(tfidf_weight(counts.T.tocsr()).T.tocsc(), axis=0)
        if self.weighting == "bm25":
            return bm25_weight(dataset.seen.T.tocsr(), K1=100, B=0.8).T.tocsc()
        raise DataError(
            f"item-knn: unknown weighting '{self.weighting}'; choose from {', '.join(WEIGHTINGS)}"
        )

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _score_profiles(self, profiles: Csr) -> Float32:
        scores: Float32 = (profiles @ self._near).toarray()
        return scores

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the items' scores for a new history."""
        return spread(*self.score_few(history, objective), len(self.items_))

    def score_few(
        self, history: History, objective: Objective = Objective.REPLENISH
    ) -> tuple[AnyArray, Float32]:
        """Return the rows of the history's items, added up."""
        return added_up(self._near, *history.pairs(self.time_constant, log=True))

    def score_sparse(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Csr | None:
        """Return what stands near the customers' own items; None where that is a large share of all."""
        profiles = self.profile_[rows]
        if profiles.nnz * self.neighbours > profiles.shape[0] * profiles.shape[1] // 4:
            return None
        return profiles @ self._near

    @cached_property
    def _near(self) -> Csr:
        return self.likeness_.T.tocsr()

    def _named_by_items(self) -> tuple[str, ...]:
        return (self.name,)

    def _carriers(self, rows: Int32, codes: Int32) -> Int32:
        carried = self.likeness_[codes].multiply(self.profile_[rows]).tocsr()
        best = np.asarray(carried.argmax(axis=1)).ravel().astype(np.int32)
        best[np.diff(carried.indptr) == 0] = -1
        return best

    def _history_carriers(self, history: History, codes: Int32) -> Int32:
        # As above for one profile, without matrices: somebody waits for it.
        items, values = history.pairs(self.time_constant, log=True)
        weights = np.zeros(len(self.items_), dtype=np.float32)
        weights[items] = values
        starts = self.likeness_.indptr[codes]
        lengths = self.likeness_.indptr[codes + 1] - starts
        line = np.repeat(np.arange(len(codes)), lengths)
        place = np.arange(len(line)) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
        near = self.likeness_.indices[place]
        carried = self.likeness_.data[place] * weights[near]
        most = np.zeros(len(codes), dtype=np.float32)
        np.maximum.at(most, line, carried)
        top = np.flatnonzero((carried > 0) & (carried == most[line]))[::-1]
        best = np.full(len(codes), -1, dtype=np.int32)
        best[line[top]] = near[top]
        return best

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        carried = self.likeness_[code].multiply(profile).tocsr()
        return history_parts(self.items_, carried.indices, carried.data)

    def _similarity(self, code: int) -> Float32:
        likeness: Float32 = self.likeness_[code].toarray().ravel()
        return likeness
