"""RP3β: a random walk of three steps from the customer over shared customers to items."""

import numpy as np
import scipy.sparse as sp

from recommender.arrays import Csr, Float32
from recommender.base import ProfileRecommender, history_parts
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because
from recommender.models.user_knn import nearest


class RP3Beta(ProfileRecommender):
    """Score an item by the probability of reaching it from the customer's items, less for popular ones.

    Paudel, Christoffel, Newell, Bernstein (2017): transition probabilities to the power ``alpha``,
    divided by the target's number of users to the power ``beta``; the ``neighbours`` best targets of
    each item are kept. The history counts with log(1 + decayed count), ``time_constant`` in days. The
    search costs the sum over users of their items squared.
    """

    name = "rp3beta"
    #: Row i holds where a walk from item i arrives.
    walks_: Csr

    def __init__(
        self, neighbours: int = 100, alpha: float = 0.8, beta: float = 0.4, time_constant: float = 120.0
    ) -> None:
        self.neighbours = neighbours
        self.alpha = alpha
        self.beta = beta
        self.time_constant = time_constant

    def _fit(self, dataset: Dataset) -> None:
        taken = dataset.seen.copy()
        taken.data[:] = 1
        items = np.maximum(np.diff(taken.indptr), 1.0)
        users = np.maximum(np.bincount(taken.indices, minlength=len(dataset.items)), 1.0)
        # The middle of the walk is an inner product of columns. Dividing both ends by popularity leaves
        # the order within a row as RP3β has it; the row's own factor is put right afterwards.
        ends = sp.diags(items ** (-self.alpha / 2)) @ taken @ sp.diags(users**-self.beta)
        walks = nearest(ends.tocsc(), self.neighbours)
        self.walks_ = (sp.diags(users ** (self.beta - self.alpha)) @ walks).tocsr().astype(np.float32)
        self.profile_ = self._profile(dataset)

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _score_profiles(self, profiles: Csr) -> Float32:
        scores: Float32 = (profiles @ self.walks_).toarray()
        return scores

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        arriving = self.walks_[profile.indices][:, [code]].toarray().ravel()
        return history_parts(self.items_, profile.indices, arriving * profile.data)

    def _similarity(self, code: int) -> Float32:
        likeness: Float32 = self.walks_[code].toarray().ravel()
        return likeness
