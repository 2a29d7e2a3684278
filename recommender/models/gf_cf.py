"""GF-CF: a low-pass filter over the graph of customers and items."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

from recommender.arrays import AnyArray, Csr, Float32
from recommender.base import ProfileRecommender, history_parts
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because


class GFCF(ProfileRecommender):
    """Score an item by smoothing the history over the graph, once nearby and once along its main waves.

    Shen et al. (2021), "How powerful is graph convolution for recommendation?":
    ``r (R'R + alpha * D^-1/2 V V' D^1/2)`` with R normalised on both sides by the square root of degrees
    and V its ``factors`` leading right singular vectors (randomised SVD, seeded). Nothing is trained by
    steps; memory is the interactions and items x factors x 4 bytes. The history counts with
    log(1 + decayed count), ``time_constant`` in days.
    """

    name = "gf-cf"
    graph_: Csr
    waves_: Float32
    degree_: Float32

    def __init__(
        self, factors: int = 128, alpha: float = 0.3, time_constant: float = 120.0, seed: int = 0
    ) -> None:
        self.factors = factors
        self.alpha = alpha
        self.time_constant = time_constant
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        taken = dataset.seen.copy()
        taken.data[:] = 1
        users = np.maximum(np.diff(taken.indptr), 1) ** -0.5
        degree = np.maximum(np.bincount(taken.indices, minlength=len(dataset.items)), 1) ** 0.5
        self.graph_ = (sp.diags(users) @ taken @ sp.diags(1 / degree)).tocsr().astype(np.float32)
        self.graph_.sort_indices()
        size = min(self.factors, *dataset.shape)
        _, _, axes = randomized_svd(self.graph_, size, n_iter=4, random_state=self.seed)
        self.waves_ = np.ascontiguousarray(axes.T).astype(np.float32)
        self.degree_ = degree.astype(np.float32)
        self.profile_ = self._profile(dataset)

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _score_profiles(self, profiles: Csr) -> Float32:
        near = ((profiles @ self.graph_.T) @ self.graph_).toarray()
        far = (profiles @ (self.waves_ / self.degree_[:, None])) @ (self.waves_ * self.degree_[:, None]).T
        scores: Float32 = (near + np.float32(self.alpha) * far).astype(np.float32)
        return scores

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        return history_parts(
            self.items_, profile.indices, self._arriving(code)[profile.indices] * profile.data
        )

    def _arriving(self, code: int) -> AnyArray:
        """Return what one unit of each item brings to one item."""
        near = (self.graph_.T @ self.graph_[:, [code]]).toarray().ravel()
        far = (self.waves_ @ self.waves_[code]) * self.degree_[code] / self.degree_
        arriving: AnyArray = near + self.alpha * far
        return arriving

    def _similarity(self, code: int) -> Float32:
        likeness: Float32 = self._arriving(code).astype(np.float32)
        return likeness
