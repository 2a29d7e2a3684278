"""Item-kNN: items that sell to the same customers as what this customer has."""

import numpy as np
from sklearn.preprocessing import normalize

from recommender.arrays import Csr, Float32
from recommender.base import Because, ProfileRecommender, history_parts
from recommender.dataset import Dataset, History
from recommender.models.user_knn import nearest


class ItemKNN(ProfileRecommender):
    """Score an item by its likeness to the items of the history.

    Likeness is the cosine of log-count columns, cut to the ``neighbours`` nearest items each; the
    history counts with log(1 + decayed count), ``time_constant`` in days. The search costs the sum over
    users of their items squared.
    """

    name = "item-knn"
    #: Row i holds the nearest items of item i.
    likeness_: Csr

    def __init__(self, neighbours: int = 50, time_constant: float = 120.0) -> None:
        self.neighbours = neighbours
        self.time_constant = time_constant

    def _fit(self, dataset: Dataset) -> None:
        self.likeness_ = nearest(normalize(dataset.matrix(log=True).tocsc(), axis=0), self.neighbours)
        self.profile_ = self._profile(dataset)

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _score_profiles(self, profiles: Csr) -> Float32:
        scores: Float32 = np.ascontiguousarray((self.likeness_ @ profiles.T).toarray().T)
        return scores

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        carried = self.likeness_[code].multiply(profile).tocsr()
        return history_parts(self.items_, carried.indices, carried.data)

    def _similarity(self, code: int) -> Float32:
        likeness: Float32 = self.likeness_[code].toarray().ravel()
        return likeness
