"""Clicks: linear classifiers over what the customer's taste and the item have in common."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from recommender.arrays import AnyArray, Csr, Float32
from recommender.attributes import item_features
from recommender.base import ProfileRecommender
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because


class Logistic(ProfileRecommender):
    """Score an item by the log-odds that the customer takes to it.

    Logistic regression; the inputs are, for each attribute term, the customer's taste times the item's
    TF-IDF weight, and the log of the item's share of buyers. Taken are at most ``most`` pairs that
    happened, each against a seeded item that did not; a pair's own item is left out of the taste it is
    seen with. ``strength`` is the inverse regularisation, ``time_constant`` (days) lets taste fade.
    """

    name = "logistic"
    ranks_everything = True
    features_: Csr
    terms_: tuple[str, ...]
    weights_: Float32
    base_: Float32

    def __init__(
        self, strength: float = 1.0, most: int = 100_000, time_constant: float = 120.0, seed: int = 0
    ) -> None:
        self.strength = strength
        self.most = most
        self.time_constant = time_constant
        self.seed = seed

    def _classifier(self) -> Any:
        return LogisticRegression(C=self.strength, max_iter=300)

    def _fit(self, dataset: Dataset) -> None:
        self.features_, self.terms_ = item_features(dataset.attributes, len(dataset.items))
        self.profile_ = self._profile(dataset)
        fame = np.log(self.popularity_.astype(np.float64) + 1 / (2 * len(dataset.users)))
        inputs, taken = self._examples(dataset, fame)
        if len(np.unique(taken)) < 2:
            weights, start = np.append(np.zeros(len(self.terms_)), 1.0), 0.0
        else:
            model = self._classifier().fit(inputs, taken)
            weights, start = model.coef_[0], float(model.intercept_[0])
        self.weights_ = weights[:-1].astype(np.float32)
        self.base_ = (weights[-1] * fame + start).astype(np.float32)

    def _examples(self, dataset: Dataset, fame: AnyArray) -> tuple[Csr, AnyArray]:
        random = np.random.default_rng(self.seed)
        seen = dataset.seen
        users = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
        items = seen.indices
        if len(users) > self.most:
            kept = np.sort(random.choice(len(users), self.most, replace=False))
            users, items = users[kept], items[kept]
        others = random.integers(0, len(dataset.items), len(users))
        fresh = np.asarray(seen[users, others]).ravel() == 0
        lines = np.concatenate([users, users[fresh]])
        codes = np.concatenate([items, others[fresh]])
        taken = np.concatenate([np.ones(len(users)), np.zeros(int(fresh.sum()))])
        known = sp.csr_matrix(fame[codes][:, None])
        if not len(self.terms_):
            return known, taken
        shown = self.features_[codes]
        own = sp.diags(np.asarray(self.profile_[lines, codes]).ravel()) @ shown
        taste = normalize((self.profile_ @ self.features_)[lines] - own)
        common = taste.multiply(shown)
        return sp.hstack([common, known]).tocsr(), taken

    def _profile(self, source: Dataset | History) -> Csr:
        return source.matrix(self.time_constant, log=True)

    def _taste(self, profiles: Csr) -> Csr:
        taste = normalize(profiles @ self.features_).tocsr()
        taste.data = taste.data * self.weights_[taste.indices]
        return taste

    def _score_profiles(self, profiles: Csr) -> Float32:
        scores = np.repeat(self.base_[None, :], profiles.shape[0], axis=0)
        if len(self.terms_):
            taste = self._taste(profiles).toarray().astype(np.float32)
            scores += (self.features_ @ taste.T).T
        return scores

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        parts = [Because("popular", self.items_[code], float(self.base_[code]))]
        if len(self.terms_):
            carried = self.features_[code].multiply(self._taste(profile)).tocsr()
            pairs = zip(carried.indices, carried.data, strict=True)
            parts += [Because("attribute", self.terms_[int(term)], float(v)) for term, v in pairs if v]
        return parts

    def _similarity(self, code: int) -> Float32:
        likeness: Float32 = (self.features_ @ self.features_[code].T).toarray().ravel()
        return likeness if (np.delete(likeness, code) > 0).any() else super()._similarity(code)


class LinearSVM(Logistic):
    """The same inputs, separated with the widest margin; a score is the distance from the border."""

    name = "linear-svm"

    def __init__(
        self, strength: float = 0.1, most: int = 100_000, time_constant: float = 120.0, seed: int = 0
    ) -> None:
        super().__init__(strength, most, time_constant, seed)

    def _classifier(self) -> Any:
        return LinearSVC(C=self.strength, random_state=self.seed)
