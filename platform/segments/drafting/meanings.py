"""What can be said about a person: the conditions that sentences are made of."""

from dataclasses import dataclass
from typing import Any

DAY = 24


@dataclass(frozen=True, slots=True)
class Thing:
    """A category, brand or product by the name that the shop gives it."""

    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Did:
    """How much of something a person did, within some hours; `never` is the opposite of at least once."""

    event: str
    op: str = "gte"
    value: Any = 1
    measure: str = "count"
    hours: int | None = None
    thing: Thing | None = None
    never: bool = False

    @property
    def bare(self) -> bool:
        """Say whether nothing was said about how often."""
        return (self.measure, self.op, self.value) == ("count", "gte", 1)


@dataclass(frozen=True, slots=True)
class Followed:
    """Did the first and then, within some hours, the second, or just not."""

    first: Did
    second: Did
    hours: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A known thing about a person, compared."""

    field: str
    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class LastMessages:
    """How many of the last messages were opened or clicked."""

    event: str
    of: int
    op: str
    value: int


@dataclass(frozen=True, slots=True)
class Birthday:
    """A birthday within the next days, today included."""

    days: int


@dataclass(frozen=True, slots=True)
class Top:
    """The first so many by a figure."""

    people: int
    field: str


@dataclass(frozen=True, slots=True)
class Share:
    """A random part."""

    share: float


@dataclass(frozen=True, slots=True)
class InSegment:
    """In a segment, by its name."""

    name: str


Meaning = Did | Followed | Compared | LastMessages | Birthday | Top | Share | InSegment
