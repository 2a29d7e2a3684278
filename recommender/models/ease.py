"""EASE: a linear model of each item by all others, solved in closed form over users."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from recommender.arrays import AnyArray, Csr, Float32
from recommender.base import ProfileRecommender, history_parts
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.history import History
from recommender.lists import Because

#: Above this the users x users matrix and its inverse leave the range that was measured.
MOST_USERS = 10_000


class EASE(ProfileRecommender):
    """Score an item by the weights of the history's items in its ridge regression, own weight zero.

    Steck (2019), "Embarrassingly shallow autoencoders". Solved through its exact dual,
    ``(X'X + l I)^-1 = (I - X'(l I + XX')^-1 X) / l``: a users x users inverse in float64, so 8 x users²
    bytes and users³ / 3 steps, whatever the number of items. For at most 10,000 users.
    """

    name = "ease"
    taken_: Csr
    dual_: Float32
    diagonal_: Float32

    def __init__(self, regularization: float = 300.0) -> None:
        self.regularization = regularization

    def _fit(self, dataset: Dataset) -> None:
        users, items = dataset.shape
        if users > MOST_USERS:
            raise DataError(f"ease is for at most {MOST_USERS} users; there are {users}")
        self.taken_ = self._profile(dataset)
        wide = self.taken_.astype(np.float64)
        kernel = (wide @ wide.T).toarray()
        kernel[np.diag_indices(users)] += self.regularization
        dual = cho_solve(cho_factor(kernel), np.eye(users))
        diagonal = np.empty(items)
        for start in range(0, items, 2048):
            columns = wide[:, start : start + 2048]
            through = columns.multiply((columns.T @ dual).T)
            diagonal[start : start + 2048] = np.asarray(through.sum(axis=0)).ravel()
        # 1 - x'Kx lies in (0, 1]; it is the diagonal of the inverse times the regularisation.
        self.diagonal_ = (1 - diagonal).astype(np.float32)
        self.dual_ = dual.astype(np.float32)
        self.profile_ = self.taken_

    def _profile(self, source: Dataset | History) -> Csr:
        taken = source.matrix()
        taken.data[:] = 1
        return taken

    def _score_profiles(self, profiles: Csr) -> Float32:
        pulled = (profiles @ self.taken_.T).toarray() @ self.dual_
        through = np.ascontiguousarray((self.taken_.T @ pulled.T).T)
        # What an item says for itself is taken out: its own weight is zero.
        through -= profiles.multiply(1 - self.diagonal_).toarray()
        scores: Float32 = (through / self.diagonal_).astype(np.float32)
        return scores

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        weights = self._weights(code)[profile.indices] * profile.data
        return history_parts(self.items_, profile.indices, weights)

    def _weights(self, code: int) -> AnyArray:
        """Return each item's weight in one item's regression."""
        pulled = self.dual_ @ self.taken_[:, [code]].toarray().ravel()
        weights: AnyArray = (self.taken_.T @ pulled) / self.diagonal_[code]
        weights[code] = 0
        return weights

    def _similarity(self, code: int) -> Float32:
        likeness: Float32 = self._weights(code).astype(np.float32)
        return likeness
