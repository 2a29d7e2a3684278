"""What customers were shown, with the chance that chose it: examples for the second stage."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp

from recommender.arrays import Csr, Float32, Float64, Int32
from recommender.columns import ITEM, PROPENSITY, TIME, USER
from recommender.ids import Ids

#: No example counts for more than this times one that was certain to be shown.
MOST_WEIGHT = 10.0


@dataclass(frozen=True)
class Shown:
    """Items that users were shown, as positions, with times and the chance that chose them."""

    users: Int32
    items: Int32
    times: Float64
    propensities: Float64

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, users: Ids, items: Ids) -> "Shown":
        """Take user_id, item_id, timestamp and propensity; unknown users and items are left out."""
        rows = users.codes(frame[USER].to_list())
        columns = items.codes(frame[ITEM].to_list())
        known = (rows >= 0) & (columns >= 0)
        return cls(
            rows[known].astype(np.int32),
            columns[known].astype(np.int32),
            frame[TIME].to_numpy().astype(np.float64)[known],
            frame[PROPENSITY].to_numpy().astype(np.float64)[known],
        )

    def weights(self, start: float, end: float, shape: tuple[int, int]) -> Csr | None:
        """Return users x items weights of what was shown from a start to an end; None for nothing.

        Inverse propensities (Horvitz & Thompson 1952), capped at ten (Ionides 2008) and scaled to a mean of
        1, so that they even out among themselves what a policy showed often and seldom. A pair shown twice
        has its larger weight.
        """
        inside = (self.times >= start) & (self.times < end)
        if not inside.any():
            return None
        raw = np.minimum(1.0 / np.maximum(self.propensities[inside], 1e-6), MOST_WEIGHT)
        pairs = self.users[inside].astype(np.int64) * shape[1] + self.items[inside]
        order = np.lexsort((-raw, pairs))
        unique, first = np.unique(pairs[order], return_index=True)
        kept: Float32 = raw[order][first].astype(np.float32)
        kept /= kept.mean()
        return sp.csr_matrix((kept, (unique // shape[1], unique % shape[1])), shape=shape)
