"""What a figure must reach, said and counted."""

import sys
from dataclasses import dataclass
from typing import Any

from benchmarks.measuring import result


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold a figure and its limit, which it must not fall below, or not exceed."""

    key: str
    value: float
    unit: str
    limit: float
    at_most: bool = False

    @property
    def held(self) -> bool:
        """Say whether the limit is kept."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def as_result(self) -> dict[str, Any]:
        """Return the entry of the JSON line."""
        return result(self.key, self.value, self.unit, self.limit, 4)


def missed(figures: list[Figure]) -> int:
    """Say of each figure whether it keeps its limit; return how many do not."""
    for figure in figures:
        sign = "at most" if figure.at_most else "at least"
        verdict = "held" if figure.held else "MISSED"
        print(
            f"{verdict:>6}  {figure.key} {figure.value:.4f} {figure.unit}, {sign} {figure.limit:g}",
            file=sys.stderr,
        )
    return sum(not figure.held for figure in figures)
