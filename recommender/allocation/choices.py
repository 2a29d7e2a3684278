"""What may be chosen for whom: expected gain and cost of every value for every person."""

from dataclasses import dataclass
from math import fsum

import numpy as np

from recommender.arrays import Float64, Int32
from recommender.errors import DataError

#: The choice of those who get nothing, which is always open, costs nothing and gains nothing.
NOTHING = -1


@dataclass(frozen=True)
class Choices:
    """``gain`` and ``cost``, people x values, in the same money; a gain of -inf closes a value to a person.

    Raises DataError for tables of different shape, costs that are negative or no numbers, and gains that
    are not a number or without bound.
    """

    gain: Float64
    cost: Float64

    def __post_init__(self) -> None:
        if self.gain.ndim != 2 or self.gain.shape != self.cost.shape:
            raise DataError(f"gains {self.gain.shape} and costs {self.cost.shape} are not people x values")
        if np.isnan(self.gain).any() or np.isposinf(self.gain).any():
            raise DataError("a gain is not a number; close a value with -inf")
        if not np.isfinite(self.cost).all() or (self.cost < 0).any():
            raise DataError("a cost is negative or not a number")

    @property
    def people(self) -> int:
        """Return how many there are to choose for."""
        return int(self.gain.shape[0])

    @property
    def values(self) -> int:
        """Return how many values there are beside nothing."""
        return int(self.gain.shape[1])

    def chosen(self, choice: Int32) -> tuple[Float64, Float64]:
        """Return each person's gain and cost under a choice; zeros for nothing."""
        gain, cost = np.zeros(self.people), np.zeros(self.people)
        rows = np.flatnonzero(choice != NOTHING)
        gain[rows], cost[rows] = self.gain[rows, choice[rows]], self.cost[rows, choice[rows]]
        return gain, cost

    def total(self, choice: Int32) -> tuple[float, float]:
        """Return gain and cost of a choice, summed without rounding on the way."""
        gain, cost = self.chosen(choice)
        return fsum(gain), fsum(cost)
