"""ALS: matrix factorisation for implicit feedback, by the library implicit."""

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from recommender.arrays import Csr, Float32, Int32
from recommender.base import Because, ProfileRecommender, history_parts
from recommender.columns import Objective
from recommender.dataset import Dataset, History


class ALS(ProfileRecommender):
    """Score an item by the inner product of user and item factors.

    Hu, Koren, Volinsky (2008), confidence ``alpha * log(1 + decayed count)``,
    ``time_constant`` in days. Known users' factors are solved
    again for the final item factors, so that folding in and explaining are exact. Memory:
    (users + items) x factors x 4 bytes. Training holds BLAS to one thread: implicit brings its own.
    """

    name = "als"
    ranks_everything = True
    factors_: Float32
    solved_: Float32
    gram_: Float32

    def __init__(
        self,
        factors: int = 64,
        regularization: float = 10.0,
        alpha: float = 1.0,
        iterations: int = 10,
        time_constant: float | None = 200.0,
        seed: int = 0,
    ) -> None:
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.iterations = iterations
        self.time_constant = time_constant
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        confidence = self._profile(dataset)
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularization,
                iterations=self.iterations,
                random_state=self.seed,
            )
            model.fit(confidence, show_progress=False)
        self.factors_ = np.asarray(model.item_factors, dtype=np.float32)
        # Items nobody has keep their random start, which means nothing.
        self.factors_[~dataset.known_items()] = 0
        self.gram_ = self.factors_.T @ self.factors_
        self.profile_ = confidence
        with threadpool_limits(1, "blas"):
            self.solved_ = self._solve(confidence)

    def _profile(self, source: Dataset | History) -> Csr:
        confidence = source.matrix(self.time_constant, log=True)
        confidence.data *= np.float32(self.alpha)
        return confidence

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array of scores of known users."""
        scores: Float32 = self.solved_[rows] @ self.factors_.T
        return scores

    def _score_profiles(self, profiles: Csr) -> Float32:
        scores: Float32 = self._solve(profiles) @ self.factors_.T
        return scores

    def _solve(self, profiles: Csr) -> Float32:
        """Return the factors that fit each profile best, item factors held."""
        solved = np.zeros((profiles.shape[0], self.factors), dtype=np.float32)
        for row in range(profiles.shape[0]):
            start, end = profiles.indptr[row], profiles.indptr[row + 1]
            if start < end:
                items, trust = self.factors_[profiles.indices[start:end]], profiles.data[start:end]
                solved[row] = np.linalg.solve(self._system(items, trust), items.T @ trust)
        return solved

    def _system(self, items: Float32, trust: Float32) -> Float32:
        """Return Y'CY + lambda I; implicit reads c as the confidence and c - 1 as its excess."""
        system: Float32 = (self.gram_ + (items.T * (trust - 1)) @ items).astype(np.float32)
        system[np.diag_indices_from(system)] += np.float32(self.regularization)
        return system

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        items = self.factors_[profile.indices]
        weights = np.linalg.solve(self._system(items, profile.data), self.factors_[code])
        return history_parts(self.items_, profile.indices, (items @ weights) * profile.data)

    def _similarity(self, code: int) -> Float32:
        lengths = np.maximum(np.linalg.norm(self.factors_, axis=1), 1e-12)
        likeness: Float32 = (self.factors_ @ self.factors_[code]) / (lengths * lengths[code])
        return likeness
