"""One customer's interactions, as folding in reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from recommender.arrays import AnyArray, Csr, Float32, Float64, Int32
from recommender.errors import DataError
from recommender.ids import Ids


@dataclass(frozen=True)
class History:
    """One customer's interactions in a model's item positions: what folding in works from."""

    items: Int32
    weights: Float32
    ages: Float64 | None
    columns: int

    def matrix(self, time_constant: float | None = None, log: bool = False) -> Csr:
        """Return the history as a 1 x items matrix; see interaction_matrix."""
        codes, values = self.pairs(time_constant, log)
        return sp.csr_matrix((values.copy(), codes.copy(), [0, len(codes)]), shape=(1, self.columns))

    def pairs(self, time_constant: float | None = None, log: bool = False) -> tuple[Int32, Float32]:
        """Return the distinct items, ascending, and their sums; see interaction_matrix.

        A tenth of the time of building a matrix, which counts where one customer is served; the parts of a
        blend that forget alike share one answer, which nobody may change.
        """
        if (known := self._sums.get((time_constant, log))) is not None:
            return self._distinct[0], known
        values = self.weights
        if time_constant is not None and self.ages is not None:
            values = self.weights * np.exp(-self.ages / time_constant).astype(np.float32)
        codes, places = self._distinct
        sums: Float32 = np.bincount(places, weights=values, minlength=len(codes)).astype(np.float32)
        if log:
            np.log1p(sums, out=sums)
        self._sums[time_constant, log] = sums
        return codes, sums

    @cached_property
    def _sums(self) -> dict[tuple[float | None, bool], Float32]:
        """Hold what was asked for."""
        return {}

    @cached_property
    def _distinct(self) -> tuple[Int32, AnyArray]:
        """Return the distinct items, and which of them each entry is: every part of a blend asks for it."""
        codes, places = np.unique(self.items, return_inverse=True)
        return codes, places


def make_history(
    vocabulary: Ids,
    items: Sequence[str],
    days_ago: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
) -> History:
    """Map a customer's items to positions; unknown items are left out, ages default to today."""
    for name, other in (("days_ago", days_ago), ("weights", weights)):
        if other is not None and len(other) != len(items):
            raise DataError(f"{name} has {len(other)} entries for {len(items)} items")
    codes = vocabulary.codes(items)
    known = codes >= 0
    strength = np.ones(len(codes)) if weights is None else np.asarray(weights, dtype=np.float64)
    ages = np.zeros(len(codes)) if days_ago is None else np.asarray(days_ago, dtype=np.float64)
    return History(codes[known], strength[known].astype(np.float32), ages[known], len(vocabulary))
