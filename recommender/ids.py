"""Two-way map between string ids and array positions."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np

from recommender.arrays import Int32


class Ids:
    """Hold distinct ids in a fixed order; position i is row or column i of every matrix."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values: tuple[str, ...] = tuple(values)
        if len(self._positions) != len(self.values):
            raise ValueError("ids must be distinct")

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {value: position for position, value in enumerate(self.values)}

    def codes(self, ids: Sequence[str]) -> Int32:
        """Return the position of each id, -1 where unknown."""
        known = self._positions
        return np.fromiter((known.get(value, -1) for value in ids), dtype=np.int32, count=len(ids))

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __getitem__(self, position: int) -> str:
        return self.values[position]

    def __contains__(self, value: object) -> bool:
        return value in self._positions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ids) and self.values == other.values

    def __hash__(self) -> int:
        return hash(self.values)
