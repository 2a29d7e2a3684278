"""Conversions that are still to come: a wave is judged before its window has closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor

import numpy as np
import numpy.typing as npt

from campaigns.experiments.statistics.bandit import Tally
from campaigns.experiments.statistics.results import NotComputableError, Reason


@dataclass(frozen=True, slots=True)
class Delay:
    """Hold the observed delay curve: `shares[k]` of all conversions are seen k periods after exposure.

    Learned from waves whose window has closed; rises to 1, and is 1 after its end.
    """

    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(a <= b for a, b in pairwise(self.shares))
        if not self.shares or not rising or self.shares[0] < 0 or self.shares[-1] > 1:
            raise ValueError("A delay curve rises from period to period and stays between 0 and 1.")

    @classmethod
    def from_delays(cls, delays: Sequence[float], window: int) -> "Delay":
        """Return the empirical curve of conversions whose delay in periods is known, up to the window."""
        inside = np.asarray(delays, dtype=np.float64)
        inside = inside[(inside >= 0) & (inside <= window)]
        if inside.size == 0:
            raise NotComputableError(
                Reason.NO_DATA, "No conversion with a closed window yet: no delay curve."
            )
        return cls(tuple(float((inside <= k).mean()) for k in range(window + 1)))

    def share_at(self, age: float) -> float:
        """Return the share of conversions seen at an age in periods; whole periods count."""
        if age < 0:
            return 0.0
        step = floor(age)
        return self.shares[step] if step < len(self.shares) else 1.0

    def shares_at(self, ages: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return `share_at` of many ages at once."""
        known = np.array([0.0, *self.shares, 1.0])
        found: npt.NDArray[np.float64] = known[np.clip(np.floor(ages) + 1, 0, len(known) - 1).astype(int)]
        return found

    def visible(self, conversions: float, people: float, age: float) -> Tally:
        """Return the tally of a wave at this age, corrected for the windows still open.

        People count by the share of conversions that could have been seen (Chapelle 2014, KDD, "Modeling
        delayed feedback", in its thinned binomial form): the rate is unbiased, and its weight is what
        has really been seen, so that a young wave neither looks bad nor counts in full.
        """
        return Tally(conversions, people * self.share_at(age))
