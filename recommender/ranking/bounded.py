"""The best items for one person without scoring all: those that a bound rules out are not looked at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recommender.arrays import AnyArray, Bool, Float32, Int32

#: So many items are looked at first, then twice as many, and so on.
FIRST = 256


@dataclass(frozen=True)
class Bounded:
    """One person's scores of all items as inner products, each at most the product of the lengths.

    That is Cauchy and Schwarz's inequality. ``factors``: items x f; ``taste``: f; ``order`` holds the items
    by falling length of their factors, ``lengths`` those lengths in that order.
    """

    factors: Float32
    taste: Float32
    order: Int32
    lengths: Float32

    def at(self, codes: AnyArray) -> Float32:
        """Return the scores of some items, in their shape."""
        scores: Float32 = self.factors[codes] @ self.taste
        return scores

    def everywhere(self) -> Float32:
        """Return the scores of all items."""
        scores: Float32 = self.factors @ self.taste
        return scores

    def beyond(self, stop: int) -> float:
        """Return what no item from that place of the order on exceeds."""
        return self._reach * float(self.lengths[stop])

    def most(self) -> float:
        """Return the highest score of all items."""
        return float(best_of(1, self.order, None, self.at, self.beyond)[1][0])

    @cached_property
    def _reach(self) -> float:
        # A little more than its length, for what rounding may add to a product.
        return float(np.sqrt(self.taste @ self.taste)) * (1 + 1e-5)


def best_of(
    k: int,
    order: Int32,
    hidden: Bool | None,
    score: Callable[[Int32], Float32],
    beyond: Callable[[int], float],
    known: tuple[Int32, Float32] | None = None,
) -> tuple[Int32, Float32]:
    """Return positions and scores of the k best items, best first; equal scores rank by position. Exact.

    ``order`` holds the items by falling bound and ``beyond`` says what no item from a place of it on exceeds.
    ``hidden`` marks what is left out, among it what is ``known`` already, positions with scores. Fewer than
    k come back where there are not more.
    """
    codes, scores = known or (np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32))
    least = -np.inf
    for start, stop in _portions(len(order)):
        new = order[start:stop] if hidden is None else order[start:stop][~hidden[order[start:stop]]]
        codes, scores = np.concatenate([codes, new]), np.concatenate([scores, score(new)])
        if len(scores) >= k:
            least = np.partition(scores, len(scores) - k)[len(scores) - k]
        if stop < len(order) and least > beyond(stop):
            break
    best = np.flatnonzero(scores >= least)
    best = best[np.lexsort((codes[best], -scores[best]))[:k]]
    return codes[best], scores[best]


def _portions(count: int) -> Iterator[tuple[int, int]]:
    stop, width = 0, FIRST
    while stop < count:
        start, stop = stop, min(stop + width, count)
        yield start, stop
        width *= 2
