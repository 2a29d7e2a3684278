"""Content: items whose attributes resemble those of what the customer has."""

import numpy as np
from sklearn.preprocessing import normalize

from recommender.arrays import Csr, Float32, Int32
from recommender.attributes import item_features
from recommender.base import ProfileRecommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because


class Content(ProfileRecommender):
    """Score an item by the cosine between its attributes and the customer's taste.

    Every attribute value is a term ``column=value``, a text of several words also gives its words
    ``column:word``, a number its fifth of the range; terms weigh by TF-IDF. A term that only one item
    has relates nothing and is dropped. The only model here that can recommend an item nobody bought
    yet. Without attributes it has no opinion.
    """

    name = "content"
    features_: Csr
    terms_: tuple[str, ...]

    def __init__(self, time_constant: float = 120.0) -> None:
        self.time_constant = time_constant

    def _fit(self, dataset: Dataset) -> None:
        self.features_, self.terms_ = item_features(dataset.attributes, len(dataset.items))
        self.profile_ = self._profile(dataset)

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _score_profiles(self, profiles: Csr) -> Float32:
        if not len(self.terms_):
            return np.zeros(profiles.shape, dtype=np.float32)
        taste = normalize(profiles @ self.features_).toarray().astype(np.float32)
        return np.ascontiguousarray((self.features_ @ taste.T).T)

    def score_pairs(self, rows: Int32, codes: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the cosines of some items of each row."""
        if not len(self.terms_):
            return np.zeros(codes.shape, dtype=np.float32)
        taste = normalize(self.profile_[rows] @ self.features_)
        lines = np.repeat(np.arange(len(rows)), codes.shape[1])
        common = self.features_[codes.ravel()].multiply(taste[lines]).sum(axis=1)
        return np.asarray(common, dtype=np.float32).reshape(codes.shape)

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        if not len(self.terms_):
            return []
        carried = self.features_[code].multiply(normalize(profile @ self.features_)).tocsr()
        pairs = zip(carried.indices, carried.data, strict=True)
        return [Because("attribute", self.terms_[int(term)], float(value)) for term, value in pairs if value]

    def _similarity(self, code: int) -> Float32:
        likeness: Float32 = (self.features_ @ self.features_[code].T).toarray().ravel()
        return likeness
