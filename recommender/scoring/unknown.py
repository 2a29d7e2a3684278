"""Say what is missing rather than guess."""

from dataclasses import dataclass

#: A score appears from so many outcomes of the rarer kind on.
FLOOR = 100


@dataclass(frozen=True)
class Unknown:
    """A score that cannot be given yet: ``found`` of ``needed`` of ``what`` there are."""

    kind: str
    what: str
    found: int
    needed: int

    @property
    def missing(self) -> int:
        """Return how many more are needed."""
        return max(0, self.needed - self.found)

    def __str__(self) -> str:
        return f"{self.kind} is unknown: {self.found} {self.what}, {self.missing} more are needed"
