"""Group popularity: what most people of the customer's own kind have."""

from collections.abc import Mapping

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from recommender.arrays import AnyArray, Csr, Float32, Int32
from recommender.base import Recommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.history import History
from recommender.lists import Because
from recommender.models.own_frequency import inverse_frequency, scaled

#: Above this many users the groups are found in mini-batches.
MANY = 100_000


class GroupPopularity(Recommender):
    """Score an item by its decayed share of buyers in the customer's group, shrunk to everybody's share.

    Groups are personas given as ``{user: group}``, or else found: k-means (at most ``groups``, at least
    ten users each on average) over the ``factors`` main directions of the users' item vectors. A group's
    share counts as its size beside ``shrinkage`` users of the whole. A new history joins the group
    whose centre is nearest. ``time_constant`` in days.
    """

    name = "group-popularity"
    centres_: Float32
    directions_: Float32
    frequency_: Float32
    group_: Int32
    share_: Float32

    def __init__(
        self,
        groups: int = 8,
        personas: Mapping[str, str] | None = None,
        time_constant: float | None = 60.0,
        shrinkage: float = 20.0,
        factors: int = 16,
        seed: int = 0,
    ) -> None:
        self.groups = groups
        self.personas = personas
        self.time_constant = time_constant
        self.shrinkage = shrinkage
        self.factors = factors
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        counts = dataset.matrix(log=True)
        self.frequency_ = inverse_frequency(counts)
        vectors = self._vectors(counts)
        size = min(self.factors, *dataset.shape)
        _, _, axes = randomized_svd(vectors, size, random_state=self.seed)
        self.directions_ = np.ascontiguousarray(axes.T).astype(np.float32)
        places = (vectors @ self.directions_).astype(np.float32)
        self.group_ = self._given(dataset) if self.personas else self._found(places)
        number = int(self.group_.max()) + 1
        members = np.maximum(np.bincount(self.group_, minlength=number), 1)
        sums = np.zeros((number, size))
        np.add.at(sums, self.group_, places)
        self.centres_ = (sums / members[:, None]).astype(np.float32)
        self.share_ = self._shares(dataset, number, members)

    def _vectors(self, counts: Csr) -> Csr:
        return normalize(scaled(counts, self.frequency_)).astype(np.float32)

    def _found(self, places: Float32) -> Int32:
        number = max(1, min(self.groups, len(places) // 10, len(np.unique(places, axis=0))))
        method = MiniBatchKMeans if len(places) > MANY else KMeans
        found: Int32 = method(number, n_init=3, random_state=self.seed).fit_predict(places).astype(np.int32)
        return found

    def _given(self, dataset: Dataset) -> Int32:
        names = [str((self.personas or {}).get(user, "")) for user in dataset.users]
        found: Int32 = np.unique(names, return_inverse=True)[1].astype(np.int32)
        return found

    def _shares(self, dataset: Dataset, number: int, members: AnyArray) -> Float32:
        weights = dataset.matrix(self.time_constant)
        once = np.minimum(weights.data, 1.0) if self.time_constant else np.ones_like(weights.data)
        lines = np.repeat(np.arange(len(dataset.users)), np.diff(weights.indptr))
        keys = self.group_[lines].astype(np.int64) * len(dataset.items) + weights.indices
        bought = np.bincount(keys, once, minlength=number * len(dataset.items)).reshape(number, -1)
        whole = bought.sum(axis=0) / len(dataset.users)
        shares: Float32 = ((bought + self.shrinkage * whole) / (members[:, None] + self.shrinkage)).astype(
            np.float32
        )
        return shares

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return each user's group's shares."""
        scores: Float32 = self.share_[self.group_[rows]]
        return scores

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the shares of the nearest group."""
        place = (self._vectors(history.matrix(log=True)) @ self.directions_).ravel()
        nearest = int(np.argmin(((self.centres_ - place) ** 2).sum(axis=1)))
        shares: Float32 = self.share_[nearest].copy()
        return shares

    def _because(self, row: int, code: int, goal: Objective) -> list[Because]:
        return [Because("popular", self.items_[code], float(self.share_[self.group_[row], code]))]
