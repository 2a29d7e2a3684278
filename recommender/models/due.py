"""Due: what a customer is about to run out of."""

import numpy as np
import scipy.sparse as sp

from recommender.arrays import AnyArray, Csr, Float32
from recommender.base import ProfileRecommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.history import History
from recommender.models.own_frequency import OwnFrequency
from recommender.rhythm import rhythm


class Due(OwnFrequency):
    """Score an item by how well today fits the customer's own rhythm of buying it.

    With ``r`` = days since the last purchase / mean gap between purchase days, the score is
    ``log(1 + horizon / gap) * r * exp(1 - r)``: often bought, highest when one gap has passed, fading
    when the customer seems to have given the item up (the shape of an Erlang-2 hazard of the next
    purchase). An item bought on one day only has no rhythm of its own: its gap is taken as ``unknown``
    days. Without timestamps it is the plain count. Says nothing about items the customer never bought.
    """

    name = "due"

    def __init__(self, horizon: float = 28.0, unknown: float = 180.0) -> None:
        self.horizon = horizon
        self.unknown = unknown

    # A rhythm is more than a sum, so a new history goes through its profile.
    score_history = ProfileRecommender.score_history

    def score_few(
        self, history: History, objective: Objective = Objective.REPLENISH
    ) -> tuple[AnyArray, Float32]:
        """Return the profile of a new history."""
        profile = self._profile(history)
        return profile.indices, profile.data

    def _profile(self, source: Dataset | History) -> Csr:
        if source.ages is None:
            return source.matrix(log=True)
        if isinstance(source, Dataset):
            shape, lines, items = source.shape, source.user_codes, source.item_codes
        else:
            shape, lines, items = (1, source.columns), np.zeros_like(source.items), source.items
        own = rhythm(lines, items, source.ages, shape[1])
        # A gap below a day is one visit in two baskets; an age of 0 is today's purchase, never "not due".
        gap = np.maximum(np.where(own.days > 1, np.nan_to_num(own.gap), self.unknown), 1.0)
        ratio = np.maximum(own.since, 0.5) / gap
        values = np.log1p(self.horizon / gap) * ratio * np.exp(1 - ratio)
        found = sp.csr_matrix((values.astype(np.float32), (own.lines, own.codes)), shape=shape)
        found.sort_indices()
        return found
