"""Two-way map between string ids and array positions."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from recommender.arrays import AnyArray, Int32


class Ids:
    """Hold distinct ids in a fixed order; position i is row or column i of every matrix."""

    _count: int
    _packed: tuple[AnyArray, AnyArray]

    def __init__(self, values: Iterable[str]) -> None:
        self.values = tuple(values)
        self._count = len(self.values)
        if len(self._positions) != self._count:
            raise ValueError("ids must be distinct")

    @classmethod
    def unpacked(cls, letters: AnyArray, ends: AnyArray) -> "Ids":
        """Return the ids that `packed` gave; ValueError where these cannot be texts.

        They are read when somebody asks for one: who serves new histories never names the customers that
        a model has learned from, and a million names are a second in which nobody else is answered.
        """
        starts = np.concatenate([[0], ends[:-1]])
        bytes(letters).decode()  # raises for anything but UTF-8
        inside = starts[starts < len(letters)]
        if (
            (ends < starts).any()
            or (ends[-1] if len(ends) else 0) != len(letters)
            or (letters[inside] & 0xC0 == 0x80).any()
        ):
            raise ValueError("ids must end where a letter ends")
        made = cls.__new__(cls)
        made._count = len(ends)
        made._packed = (letters, ends)
        return made

    def packed(self) -> tuple[AnyArray, AnyArray]:
        """Return the letters of all ids as UTF-8, one after the other, and where each ends."""
        encoded = [text.encode() for text in self.values]
        return np.frombuffer(b"".join(encoded), dtype=np.uint8), np.cumsum(
            [len(text) for text in encoded], dtype=np.int64
        )

    @cached_property
    def values(self) -> tuple[str, ...]:
        """Return all ids."""
        letters, ends = self._packed
        whole = letters.tobytes()
        return tuple(whole[start:end].decode() for start, end in pairwise([0, *ends.tolist()]))

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {value: position for position, value in enumerate(self.values)}

    def codes(self, ids: Sequence[str]) -> Int32:
        """Return the position of each id, -1 where unknown."""
        known = self._positions
        return np.fromiter((known.get(value, -1) for value in ids), dtype=np.int32, count=len(ids))

    def __len__(self) -> int:
        return self._count

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
