"""Own frequency: what a customer buys again and again."""

import numpy as np

from recommender.arrays import AnyArray, Csr, Float32, Int32, spread
from recommender.base import ProfileRecommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because


class OwnFrequency(ProfileRecommender):
    """Score an item by how often the customer bought it, older purchases weighing less.

    ``log(1 + sum(exp(-age / time_constant)))``, ages and time constant in days. Without timestamps it
    is the plain count. Says nothing about items the customer never bought.
    """

    name = "own-frequency"

    def __init__(self, time_constant: float = 120.0) -> None:
        self.time_constant = time_constant

    def _fit(self, dataset: Dataset) -> None:
        self.profile_ = self._profile(dataset)

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _score_profiles(self, profiles: Csr) -> Float32:
        scores: Float32 = profiles.toarray()
        return scores

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the history's own sums, without a matrix in between."""
        return spread(*self.score_few(history, objective), history.columns)

    def score_few(
        self, history: History, objective: Objective = Objective.REPLENISH
    ) -> tuple[AnyArray, Float32]:
        """Return the history's own sums."""
        return history.pairs(self.time_constant, log=True)

    def score_sparse(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Csr:
        """Return the profiles: there is nothing else."""
        return self.profile_[rows]

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        value = float(profile[0, code])
        return [Because("own", self.items_[code], value)] if value else []


class OwnRecent(OwnFrequency):
    """Own frequency that forgets within weeks."""

    name = "own-recent"

    def __init__(self, time_constant: float = 30.0) -> None:
        super().__init__(time_constant)


class OwnLasting(OwnFrequency):
    """Own frequency that remembers a year and more."""

    name = "own-lasting"

    def __init__(self, time_constant: float = 400.0) -> None:
        super().__init__(time_constant)


def scaled(matrix: Csr, columns: Float32) -> Csr:
    """Return the matrix with each column multiplied by a factor."""
    out = matrix.copy()
    out.data *= columns[out.indices]
    return out


def inverse_frequency(matrix: Csr) -> Float32:
    """Return log(rows / rows having the column), 0 where no row has it."""
    having = np.bincount(matrix.indices, minlength=matrix.shape[1])
    factors = np.log(matrix.shape[0] / np.maximum(having, 1))
    factors[having == 0] = 0
    weights: Float32 = factors.astype(np.float32)
    return weights
