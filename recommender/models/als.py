"""ALS: matrix factorisation for implicit feedback, by the library implicit."""

from functools import cached_property

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from recommender.arrays import AnyArray, Bool, Csr, Float32, Int32
from recommender.base import ProfileRecommender, history_parts
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because
from recommender.ranking.bounded import Bounded, best_of

#: Conjugate-gradient steps for known users' factors, how often they are taken, and what must be reached
#: by a sample of users.
STEPS, ROUNDS, SAMPLE, TOLERANCE = 6, 3, 100, 1e-4


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
            model.item_factors = self.factors_
            self.solved_ = _solved(model, confidence)
        self.gram_ = self.factors_.T @ self.factors_
        self.profile_ = confidence
        self.__dict__.pop("_by_length", None)

    def _profile(self, source: Dataset | History) -> Csr:
        confidence = source.matrix(self.time_constant, log=True)
        confidence.data *= np.float32(self.alpha)
        return confidence

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array of scores of known users."""
        scores: Float32 = self.solved_[rows] @ self.factors_.T
        return scores

    def score_pairs(self, rows: Int32, codes: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the inner products of some items of each row."""
        scores: Float32 = np.einsum("uf,ukf->uk", self.solved_[rows], self.factors_[codes])
        return scores

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the items' scores for a new history: one small system and one product with the factors."""
        return self.score_bounded(history, objective).everywhere()

    def _taste(self, history: History) -> Float32:
        codes, counts = history.pairs(self.time_constant, log=True)
        items, trust = self.factors_[codes], counts * np.float32(self.alpha)
        taste: Float32 = np.linalg.solve(self._system(items, trust), items.T @ trust)
        return taste

    def score_bounded(self, history: History, objective: Objective = Objective.REPLENISH) -> Bounded:
        """Return the scores of a new history, to be looked at by falling length of the items' factors."""
        order, lengths = self._by_length
        return Bounded(self.factors_, self._taste(history), order, lengths)

    def _list_of_history(
        self, history: History, k: int, goal: Objective, allowed: Bool | None
    ) -> tuple[Int32, Float32, AnyArray, None]:
        """Score items by falling length until no shorter one can be among the k best: exact."""
        if not len(history.items):
            return super()._list_of_history(history, k, goal, allowed)
        found = self.score_bounded(history, goal)
        hidden = self._hidden(history, goal, allowed)
        best, scores = best_of(k, found.order, hidden, found.at, found.beyond)
        codes, values = np.full((1, k), -1, dtype=np.int32), np.zeros((1, k), dtype=np.float32)
        codes[0, : len(best)], values[0, : len(best)] = best, scores
        return codes, values, np.zeros((1, k), dtype=bool), None

    @cached_property
    def _by_length(self) -> tuple[Int32, Float32]:
        """Return items by falling length of their factors, and the lengths."""
        lengths = np.linalg.norm(self.factors_, axis=1)
        order = np.argsort(-lengths, kind="stable").astype(np.int32)
        return order, lengths[order]

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
        system.flat[:: self.factors + 1] += np.float32(self.regularization)
        return system

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        items = self.factors_[profile.indices]
        weights = np.linalg.solve(self._system(items, profile.data), self.factors_[code])
        return history_parts(self.items_, profile.indices, (items @ weights) * profile.data)

    def _similarity(self, code: int) -> Float32:
        lengths = np.maximum(np.linalg.norm(self.factors_, axis=1), 1e-12)
        likeness: Float32 = (self.factors_ @ self.factors_[code]) / (lengths * lengths[code])
        return likeness


def _solved(model: AlternatingLeastSquares, confidence: Csr) -> Float32:
    """Return every user's factors for the final item factors, exact to TOLERANCE.

    Going on from the last iteration, six steps of conjugate gradients mostly do (3e-5 apart at the most on
    30,000 users) at a ninth of the direct solution's time. A sample of users solved directly makes sure
    of it; weak regularisation takes further rounds.
    """
    users = np.arange(confidence.shape[0])
    if len(users) > 8 * SAMPLE:
        model.cg_steps = STEPS
        found: Float32 = model.user_factors
        some = users[:: len(users) // SAMPLE]
        direct = model.recalculate_user(some, confidence[some])
        enough = TOLERANCE * np.linalg.norm(direct, axis=1)
        for _ in range(ROUNDS):
            model.solver(
                confidence, found, model.item_factors, model.regularization, num_threads=model.num_threads
            )
            if (np.linalg.norm(found[some] - direct, axis=1) <= enough).all():
                return found
    solved: Float32 = np.asarray(model.recalculate_user(users, confidence), dtype=np.float32)
    return solved
