"""What is remembered of earlier waves: counts by context and arm, the newest in full."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

#: What a person is known by where a decision is made, such as (persona,) or (persona, band).
Context = tuple[str, ...]
#: Older turns weigh less than 1.5 % at a discount of .9.
KEPT = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """Sum what the people of one context and arm did in one wave's window; everybody met counts.

    `margin` is that of their orders before coupons, `discount` what coupons took of it. Those left alone
    have orders too.
    """

    people: float = 0.0
    orders: float = 0.0
    margin: float = 0.0
    discount: float = 0.0

    def __post_init__(self) -> None:
        if min(self.people, self.orders) < 0:
            raise ValueError("People and orders are 0 or more.")

    def __add__(self, other: "Outcome") -> "Outcome":
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Outcome(*(a + b for a, b in pairs))


@dataclass(frozen=True, slots=True)
class Wave:
    """Hold one wave's outcomes by context and arm.

    `shown` is the share of its orders that can be seen by now (`delay.Delay.share_at` of its age): the wave
    counts as so many people less (Chapelle 2014, in its thinned form), and is counted anew later.

    Waves of one `turn` are as old as each other: what a month of triggered messages showed comes in many
    small waves, which must not age what a large campaign taught. Empty is a turn of its own.
    """

    key: str
    cells: Mapping[Context, Mapping[str, Outcome]]
    shown: float = 1.0
    turn: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.shown <= 1:
            raise ValueError(f"A share of the orders lies between 0 and 1, not {self.shown}.")

    @property
    def age_of(self) -> str:
        """Return the name of the turn by which it ages."""
        return self.turn or self.key

    def as_json(self) -> dict[str, Any]:
        """Return the wave as JSON; outcomes as lists in the order of their fields."""
        turn = {"turn": self.turn} if self.turn else {}
        return turn | {
            "key": self.key,
            "shown": self.shown,
            "cells": [
                [list(context), {arm: [o.people, o.orders, o.margin, o.discount] for arm, o in arms.items()}]
                for context, arms in self.cells.items()
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        cells = {
            tuple(context): {arm: Outcome(*sums) for arm, sums in arms.items()}
            for context, arms in stored["cells"]
        }
        return cls(stored["key"], cells, stored["shown"], stored.get("turn", ""))


def turns(waves: Iterable[Wave]) -> dict[str, list[Wave]]:
    """Return the waves by turn, in the order in which turns began."""
    found: dict[str, list[Wave]] = {}
    for wave in waves:
        found.setdefault(wave.age_of, []).append(wave)
    return found


@dataclass(frozen=True, slots=True)
class Memory:
    """Hold the waves of the last turns, oldest first."""

    waves: tuple[Wave, ...] = field(default=())

    def updated(self, waves: Iterable[Wave]) -> "Memory":
        """Return the memory with these waves: one with a known key was counted anew, others are newer."""
        known = {wave.key: wave for wave in self.waves}
        known.update((wave.key, wave) for wave in waves)
        kept = list(turns(known.values()))[-KEPT:]
        return Memory(tuple(wave for wave in known.values() if wave.age_of in kept))

    def as_json(self) -> list[dict[str, Any]]:
        """Return the memory as JSON."""
        return [wave.as_json() for wave in self.waves]

    @classmethod
    def from_json(cls, stored: Iterable[Mapping[str, Any]]) -> Self:
        """Read what `as_json` wrote."""
        return cls(tuple(Wave.from_json(wave) for wave in stored))
