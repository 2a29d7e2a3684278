"""What each part of a blend has in it: of a block of users, and of one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from recommender.arrays import AnyArray, Bool, Csr, Float32, Int32
from recommender.base import Recommender
from recommender.columns import Objective
from recommender.ranking.bounded import Bounded, best_of


@dataclass(frozen=True)
class BlockShare:
    """What one part has in a block of blended scores: its own, times a factor for each row."""

    part: Recommender
    factors: Float32
    matrix: Csr | None

    def at(self, rows: Int32, codes: Int32, goal: Objective) -> Float32:
        """Return the part's share of each of the items (rows x k)."""
        if self.matrix is None:
            scores = self.part.score_pairs(rows, codes, goal)
        else:
            lines = np.repeat(np.arange(len(rows)), codes.shape[1])
            scores = np.asarray(self.matrix[lines, codes.ravel()], dtype=np.float32).reshape(codes.shape)
        return scores * self.factors[:, None]


class Share(Protocol):
    """What one part has in one person's blend."""

    @property
    def name(self) -> str:
        """Return the part's name."""

    def at(self, codes: AnyArray) -> Float32:
        """Return its share of each of the items, in their shape."""

    def add_to(self, total: Float32) -> None:
        """Add its share of every item to a row of all items."""


@dataclass(frozen=True)
class OfFew:
    """The share of a part that speaks of few items, ascending."""

    name: str
    items: AnyArray
    scores: Float32

    def at(self, codes: AnyArray) -> Float32:
        """Return its share of each of the items, in their shape."""
        if not len(self.items):
            return np.zeros(codes.shape, dtype=np.float32)
        places = np.minimum(np.searchsorted(self.items, codes), len(self.items) - 1)
        return np.where(self.items[places] == codes, self.scores[places], np.float32(0))

    def add_to(self, total: Float32) -> None:
        """Add its share of every item to a row of all items."""
        total[self.items] += self.scores


@dataclass(frozen=True)
class OfAll:
    """The share of a part that has to be asked for all items."""

    name: str
    scores: Float32

    def at(self, codes: AnyArray) -> Float32:
        """Return its share of each of the items, in their shape."""
        return self.scores[codes]

    def add_to(self, total: Float32) -> None:
        """Add its share of every item to a row of all items."""
        total += self.scores


@dataclass(frozen=True)
class SameForAll(OfAll):
    """The share of a part whose scores are everybody's; ``order`` is that of a bounded part beside it."""

    order: Int32 | None

    def beyond(self, stop: int) -> float:
        """Return what its share of no item from that place of the order on exceeds."""
        return float(self._tail[stop])

    @cached_property
    def _tail(self) -> Float32:
        tail: Float32 = np.maximum.accumulate(self.scores[self.order][::-1])[::-1]
        return tail


@dataclass(frozen=True)
class OfBounded:
    """The share of a part that can bound what it has not scored."""

    name: str
    found: Bounded
    factor: np.float32

    def at(self, codes: AnyArray) -> Float32:
        """Return its share of each of the items, in their shape."""
        return self.found.at(codes) * self.factor

    def add_to(self, total: Float32) -> None:
        """Add its share of every item to a row of all items."""
        total += self.found.everywhere() * self.factor

    def beyond(self, stop: int) -> float:
        """Return what its share of no item from that place of the order on exceeds."""
        return self.found.beyond(stop) * float(self.factor)


def added_up(shares: Sequence[Share], codes: AnyArray) -> Float32:
    """Return the blend of some items."""
    total = np.zeros(codes.shape, dtype=np.float32)
    for share in shares:
        total += share.at(codes)
    return total


def best_by_bounds(shares: Sequence[Share], k: int, hidden: Bool) -> tuple[Int32, Float32] | None:
    """Return the k best of a blend, looking at what few items have and at others that could be among them.

    Exact. None where a part has to be asked for all items, or fewer than k have a score above 0. Overwrites
    ``hidden``, which marks what is left out.
    """
    few = [share for share in shares if isinstance(share, OfFew)]
    rest = [share for share in shares if isinstance(share, OfBounded | SameForAll)]
    order = next((share.found.order for share in rest if isinstance(share, OfBounded)), None)
    if order is None or len(few) + len(rest) < len(shares):
        return None
    spoken = np.unique(np.concatenate([order[:0], *(share.items for share in few)]))
    spoken = spoken[~hidden[spoken]]
    hidden[spoken] = True
    codes, scores = best_of(
        k,
        order,
        hidden,
        lambda codes: added_up(rest, codes),
        lambda stop: sum(share.beyond(stop) for share in rest),
        (spoken, added_up(shares, spoken)),
    )
    return None if len(codes) < k or scores[-1] <= 0 else (codes, scores)
