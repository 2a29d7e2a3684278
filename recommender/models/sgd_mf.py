"""SGD matrix factorisation: predicts ratings, where a shop has them, and says how far off it is."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from recommender.arrays import AnyArray, Csr, Float32, Float64, Int32
from recommender.base import ProfileRecommender, history_parts
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because

#: Fewer ratings than this cannot spare a tenth to be measured on.
FEWEST = 50
HELD = 0.1
BATCH = 16_384


class SGDFactors(ProfileRecommender):
    """Score an item by mean + item bias + user bias + inner product of factors.

    Koren, Bell, Volinsky (2009), learned by mini-batches with Adagrad (Duchi et al. 2011). With a
    column ``rating`` the target is the rating: a seeded tenth is held back to choose the number of epochs
    (at most ``epochs``) and to measure the error, kept in ``errors_`` as rmse and mae, then everything is
    learned. Without ratings the targets are 1 for what a user has and 0 for ``negatives`` seeded others
    each. Users' factors are then solved in closed form for the final items' factors, so that new
    histories and explanations are exact; a new history without ratings counts as liked: the upper
    quartile of the shop's ratings. Memory: (users + items) x factors x 16 bytes.
    """

    name = "sgd-mf"
    ranks_everything = True
    factors_: Float32
    bias_: Float32
    gram_: Float64
    outside_: Float64
    tastes_: Float32
    mean_: float
    liked_: float
    weight_: float
    errors_: dict[str, float]
    epochs_: int

    def __init__(
        self,
        factors: int = 32,
        rate: float = 0.1,
        regularization: float = 0.02,
        epochs: int = 20,
        negatives: int = 3,
        seed: int = 0,
    ) -> None:
        self.factors = factors
        self.rate = rate
        self.regularization = regularization
        self.epochs = epochs
        self.negatives = negatives
        self.seed = seed

    # --- learning -----------------------------------------------------------------------------------
    def _fit(self, dataset: Dataset) -> None:
        users, items, targets = self._targets(dataset)
        rated = dataset.ratings is not None
        self.mean_ = float(targets.mean())
        self.liked_ = float(np.quantile(targets, 0.75)) if rated else 1.0
        self.weight_ = 0.0 if rated else float(self.negatives)
        self.errors_, self.epochs_ = {}, self.epochs
        if rated and len(targets) >= FEWEST:
            self._measure(users, items, targets, dataset.shape)
        learned = _Descent(self, dataset.shape)
        for _ in range(self.epochs_):
            learned.epoch(users, items, targets)
        known = np.bincount(items, minlength=len(dataset.items)) > 0
        learned.items[~known] = 0
        self.factors_ = np.column_stack([learned.items, np.ones(len(known))]).astype(np.float32)
        self.bias_ = np.where(known, learned.item_bias, 0).astype(np.float32)
        wide = self.factors_.astype(np.float64)
        self.gram_ = wide.T @ wide / len(known)
        self.outside_ = -(wide.T @ (self.mean_ + self.bias_)) / len(known)
        self.profile_ = self._ratings(dataset)
        self.tastes_ = self._tastes(self.profile_)

    def _targets(self, dataset: Dataset) -> tuple[Int32, Int32, Float32]:
        if dataset.ratings is not None:
            given = self._ratings(dataset)
            users = np.repeat(np.arange(given.shape[0], dtype=np.int32), np.diff(given.indptr))
            return users, given.indices, given.data
        seen = dataset.seen
        users = np.repeat(np.arange(seen.shape[0], dtype=np.int32), np.diff(seen.indptr))
        random = np.random.default_rng(self.seed)
        others = np.repeat(users, self.negatives)
        drawn = random.integers(0, len(dataset.items), len(others), dtype=np.int32)
        width = len(dataset.items)
        had = np.isin(others.astype(np.int64) * width + drawn, users.astype(np.int64) * width + seen.indices)
        targets = np.concatenate([np.ones(len(users)), np.zeros(int((~had).sum()))]).astype(np.float32)
        return (
            np.concatenate([users, others[~had]]),
            np.concatenate([seen.indices, drawn[~had]]).astype(np.int32),
            targets,
        )

    def _ratings(self, dataset: Dataset) -> Csr:
        """Return users x items of mean ratings; of ones where the shop has none."""
        if dataset.ratings is None:
            ones = dataset.seen.copy()
            ones.data[:] = 1
            return ones
        given = ~np.isnan(dataset.ratings)
        where = (dataset.user_codes[given], dataset.item_codes[given])
        total = sp.csr_matrix((dataset.ratings[given], where), dataset.shape, dtype=np.float32)
        count = sp.csr_matrix((np.ones(int(given.sum()), dtype=np.float32), where), dataset.shape)
        total.sum_duplicates()
        count.sum_duplicates()
        total.data /= count.data
        return total

    def _measure(self, users: Int32, items: Int32, targets: Float32, shape: tuple[int, int]) -> None:
        """Choose the number of epochs on a held-back tenth and keep the error there."""
        held = np.random.default_rng(self.seed).random(len(targets)) < HELD
        if not held.any() or held.all():
            return
        trial = _Descent(self, shape)
        for number in range(1, self.epochs + 1):
            trial.epoch(users[~held], items[~held], targets[~held])
            off = trial.predict(users[held], items[held]) - targets[held]
            rmse, mae = float(np.sqrt((off**2).mean())), float(np.abs(off).mean())
            if not self.errors_ or rmse < self.errors_["rmse"]:
                self.errors_, self.epochs_ = {"rmse": rmse, "mae": mae}, number

    # --- scoring ------------------------------------------------------------------------------------
    def predict(self, users: Int32, items: Int32) -> Float32:
        """Return the expected rating of each (user, item) pair of positions."""
        said = (self.tastes_[users] * self.factors_[items]).sum(axis=1)
        ratings: Float32 = (self.mean_ + self.bias_[items] + said).astype(np.float32)
        return ratings

    def _profile(self, source: Dataset | History) -> Csr:
        if isinstance(source, Dataset):
            return self._ratings(source)
        liked = source.matrix()
        liked.data[:] = self.liked_
        return liked

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array of expected ratings of known users."""
        scores: Float32 = self.tastes_[rows] @ self.factors_.T + (self.bias_ + np.float32(self.mean_))
        return scores

    def _score_profiles(self, profiles: Csr) -> Float32:
        scores: Float32 = self._tastes(profiles) @ self.factors_.T + (self.bias_ + np.float32(self.mean_))
        return scores

    def _system(self, items: Float32) -> Float64:
        """Return the normal equations of one taste: rated items, and lightly everything else."""
        system: Float64 = items.T.astype(np.float64) @ items + self.weight_ * len(items) * self.gram_
        system[np.diag_indices_from(system)] += self.regularization * len(items) + 1e-3
        return system

    def _off(self, indices: AnyArray, data: AnyArray) -> Float64:
        off: Float64 = data.astype(np.float64) - self.mean_ - self.bias_[indices]
        return off

    def _tastes(self, profiles: Csr) -> Float32:
        tastes = np.zeros((profiles.shape[0], self.factors_.shape[1]), dtype=np.float32)
        for row in range(profiles.shape[0]):
            start, end = profiles.indptr[row], profiles.indptr[row + 1]
            if start < end:
                where = profiles.indices[start:end]
                items = self.factors_[where]
                wanted = items.T @ self._off(where, profiles.data[start:end])
                wanted += self.weight_ * len(items) * self.outside_
                tastes[row] = np.linalg.solve(self._system(items), wanted)
        return tastes

    def _parts(self, profile: Csr, code: int) -> list[Because]:
        items = self.factors_[profile.indices]
        weights = np.linalg.solve(self._system(items), self.factors_[code])
        parts = history_parts(
            self.items_, profile.indices, (items @ weights) * self._off(profile.indices, profile.data)
        )
        base = self.mean_ + self.bias_[code] + self.weight_ * len(items) * (self.outside_ @ weights)
        return [*parts, Because("popular", self.items_[code], float(base))]

    def _similarity(self, code: int) -> Float32:
        factors = self.factors_[:, :-1]
        lengths = np.maximum(np.linalg.norm(factors, axis=1), 1e-12)
        likeness: Float32 = (factors @ factors[code]) / (lengths * lengths[code])
        return likeness


class _Descent:
    """Factors and biases on their way down; one seeded order of the rows an epoch."""

    def __init__(self, model: SGDFactors, shape: tuple[int, int]) -> None:
        self._random = np.random.default_rng(model.seed)
        self._rate, self._decay = model.rate, model.regularization
        self.mean = model.mean_
        users, items = shape
        self.users = self._random.normal(0, 0.1, (users, model.factors))
        self.items = self._random.normal(0, 0.1, (items, model.factors))
        self.user_bias, self.item_bias = np.zeros(users), np.zeros(items)
        self._pace: list[Any] = [
            np.full_like(part, 1e-8) for part in (self.users, self.items, self.user_bias, self.item_bias)
        ]

    def predict(self, users: Int32, items: Int32) -> Float64:
        """Return expected targets."""
        said: Float64 = np.einsum("nf,nf->n", self.users[users], self.items[items])
        return self.mean + self.user_bias[users] + self.item_bias[items] + said

    def epoch(self, users: Int32, items: Int32, targets: Float32) -> None:
        """Go once through all rows."""
        order = self._random.permutation(len(targets))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            self._step(users[rows], items[rows], targets[rows])

    def _step(self, users: Int32, items: Int32, targets: Float32) -> None:
        off = self.predict(users, items) - targets
        p, q = self.users[users], self.items[items]
        for part, pace, keys, slope in (
            (self.users, self._pace[0], users, off[:, None] * q + self._decay * p),
            (self.items, self._pace[1], items, off[:, None] * p + self._decay * q),
            (self.user_bias, self._pace[2], users, off + self._decay * self.user_bias[users]),
            (self.item_bias, self._pace[3], items, off + self._decay * self.item_bias[items]),
        ):
            touched, place = np.unique(keys, return_inverse=True)
            gather = sp.csr_matrix((np.ones(len(keys)), (place, np.arange(len(keys)))))
            total = gather @ slope
            pace[touched] += total**2
            part[touched] -= self._rate * total / np.sqrt(pace[touched])
