"""BPR: matrix factorisation by pairs of a bought and an unbought item, by the library implicit."""

import numpy as np
from implicit.cpu.bpr import BayesianPersonalizedRanking

from recommender.arrays import Csr, Float32, Float64, Int32
from recommender.base import ProfileRecommender, history_parts
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because


class BPR(ProfileRecommender):
    """Score an item by its bias and the inner product of the history's taste with the item's factors.

    Rendle et al. (2009); items' factors come from implicit's stochastic gradient on one thread (with
    more, the result would change from run to run). A customer's taste is solved in closed form for
    given item factors, had items against 1 and all others against 0 with weight ``outside``, so that new
    histories and explanations are exact. Memory: items x factors x 4 bytes.
    """

    name = "bpr"
    ranks_everything = True
    factors_: Float32
    bias_: Float32
    gram_: Float64
    tastes_: Float32

    def __init__(
        self,
        factors: int = 64,
        rate: float = 0.05,
        regularization: float = 0.01,
        iterations: int = 60,
        outside: float = 0.02,
        time_constant: float | None = 200.0,
        seed: int = 0,
    ) -> None:
        self.factors = factors
        self.rate = rate
        self.regularization = regularization
        self.iterations = iterations
        self.outside = outside
        self.time_constant = time_constant
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        model = BayesianPersonalizedRanking(
            factors=self.factors,
            learning_rate=self.rate,
            regularization=self.regularization,
            iterations=self.iterations,
            num_threads=1,
            random_state=self.seed,
        )
        model.fit(dataset.seen, show_progress=False)
        learned = np.asarray(model.item_factors, dtype=np.float32)
        learned[~dataset.known_items()] = 0
        # implicit keeps the item's bias as one more factor.
        self.factors_, self.bias_ = np.ascontiguousarray(learned[:, :-1]), learned[:, -1].copy()
        self.gram_ = (self.factors_.T @ self.factors_).astype(np.float64)
        self.profile_ = self._profile(dataset)
        self.tastes_ = self._tastes(self.profile_)

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _system(self, items: Float32, trust: Float32) -> Float64:
        system: Float64 = self.outside * self.gram_ + (items.T * trust) @ items
        system[np.diag_indices_from(system)] += self.regularization * max(float(trust.sum()), 1e-6)
        return system

    def _tastes(self, profiles: Csr) -> Float32:
        tastes = np.zeros((profiles.shape[0], self.factors_.shape[1]), dtype=np.float32)
        for row in range(profiles.shape[0]):
            start, end = profiles.indptr[row], profiles.indptr[row + 1]
            if start < end:
                items, trust = self.factors_[profiles.indices[start:end]], profiles.data[start:end]
                tastes[row] = np.linalg.solve(self._system(items, trust), items.T @ trust)
        return tastes

    def _score_profiles(self, profiles: Csr) -> Float32:
        scores: Float32 = self._tastes(profiles) @ self.factors_.T + self.bias_
        return scores

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array of scores of known users."""
        scores: Float32 = self.tastes_[rows] @ self.factors_.T + self.bias_
        return scores

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        items = self.factors_[profile.indices]
        weights = np.linalg.solve(self._system(items, profile.data), self.factors_[code])
        parts = history_parts(self.items_, profile.indices, (items @ weights) * profile.data)
        return [*parts, Because("popular", self.items_[code], float(self.bias_[code]))]

    def _similarity(self, code: int) -> Float32:
        lengths = np.maximum(np.linalg.norm(self.factors_, axis=1), 1e-12)
        likeness: Float32 = (self.factors_ @ self.factors_[code]) / (lengths * lengths[code])
        return likeness
