"""Naive Bayes: how much more an item's attributes speak of this customer than of everybody."""

import numpy as np

from recommender.arrays import Csr, Float32
from recommender.attributes import item_features
from recommender.base import ProfileRecommender
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because


class NaiveBayes(ProfileRecommender):
    """Score an item by the sum over its attribute terms of log P(term | customer) - log P(term).

    A multinomial model of what the customer has against what all have (Mooney, Roy 2000), with
    ``smoothing`` terms of prior drawn from everybody; the history counts with log(1 + decayed count),
    ``time_constant`` in days. Without attributes it has no opinion.
    """

    name = "naive-bayes"
    ranks_everything = True
    has_: Csr
    terms_: tuple[str, ...]
    common_: Float32

    def __init__(self, smoothing: float = 20.0, time_constant: float = 120.0) -> None:
        self.smoothing = smoothing
        self.time_constant = time_constant

    def _fit(self, dataset: Dataset) -> None:
        self.has_, self.terms_ = item_features(dataset.attributes, len(dataset.items))
        self.has_ = self.has_.copy()
        self.has_.data[:] = 1
        self.profile_ = self._profile(dataset)
        totals = np.asarray((self.profile_ @ self.has_).sum(axis=0)).ravel() + 1.0
        self.common_ = (
            (totals / totals.sum()).astype(np.float32) if len(totals) else totals.astype(np.float32)
        )

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _leaning(self, profiles: Csr) -> tuple[Csr, Float32]:
        """Return what each term adds for each customer beyond a share that every term adds."""
        liked = (profiles @ self.has_).tocsr()
        every = np.log(self.smoothing / (np.asarray(liked.sum(axis=1)).ravel() + self.smoothing))
        liked.data = np.log1p(liked.data / (self.smoothing * self.common_[liked.indices]))
        return liked, every.astype(np.float32)

    def _score_profiles(self, profiles: Csr) -> Float32:
        if not len(self.terms_):
            return np.zeros(profiles.shape, dtype=np.float32)
        leaning, every = self._leaning(profiles)
        sizes = np.diff(self.has_.indptr).astype(np.float32)
        scores: Float32 = np.ascontiguousarray((self.has_ @ leaning.toarray().T).T).astype(np.float32)
        scores += every[:, None] * sizes[None, :]
        return scores

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        if not len(self.terms_):
            return []
        leaning, every = self._leaning(profile)
        terms = self.has_[code].indices
        values = leaning[:, terms].toarray().ravel() + every[0]
        return [
            Because("attribute", self.terms_[int(term)], float(value))
            for term, value in zip(terms, values, strict=True)
        ]

    def _similarity(self, code: int) -> Float32:
        likeness: Float32 = (self.has_ @ self.has_[code].T).toarray().ravel()
        return likeness
