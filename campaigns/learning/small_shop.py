"""A shop too small to learn by persona: what is in use against one challenger, everybody together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil
from typing import Any, Self

from campaigns.experiments.statistics.bandit import DISCOUNT, floored
from campaigns.experiments.statistics.floor import FLOOR
from campaigns.experiments.statistics.power import sample_size
from campaigns.learning.choice import chances, standard_draws
from campaigns.learning.effects import Beliefs, believe, worth
from campaigns.learning.memory import Memory, Wave

#: Below so many people a campaign two arms are all that can be told apart.
SMALL_SHOP = 10_000
EVERYBODY = ("everybody",)
#: A challenger never gets more than this before it is better with this much certainty.
CAUTIOUS_SHARE = 0.1
CROWN_AT = 0.90
DROP_AT = 0.30


@dataclass(frozen=True)
class TwoArms:
    """Hold what is in use, its challenger, and who is still to be tried; contexts are `EVERYBODY`.

    Arms are opaque names of whole treatments. `costs` are what a message of each arm costs.
    """

    in_use: str
    challengers: tuple[str, ...]
    tried: tuple[str, ...] = ()
    costs: Mapping[str, float] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    discount: float = DISCOUNT
    floor: float = FLOOR

    @property
    def challenger(self) -> str | None:
        """Return who is tried now; None when all had their turn."""
        return next((arm for arm in self.challengers if arm not in (*self.tried, self.in_use)), None)

    def updated(self, waves: Iterable[Wave]) -> Self:
        """Return the state with these waves, oldest first; a wave with a known key replaces it."""
        return replace(self, memory=self.memory.updated(waves))

    @cached_property
    def beliefs(self) -> Beliefs:
        """Return the posterior of both arms' chance to order."""
        assert self.challenger is not None  # noqa: S101  nothing is asked without one
        arms = (self.in_use, self.challenger)
        return believe(self.memory.waves, [EVERYBODY], arms, self.discount)

    @cached_property
    def chance(self) -> float:
        """Return the challenger's chance to bring more margin a person; a half before anything was seen."""
        if self.challenger is None:
            return 0.0
        if not self.beliefs.people.any():
            return 0.5
        left = worth(self.memory.waves, [EVERYBODY], self.beliefs.arms)
        rates = self.beliefs.draws(EVERYBODY, standard_draws(2))
        margins = [left.net(arm) for arm in self.beliefs.arms]
        costs = [self.costs.get(arm, 0.0) for arm in self.beliefs.arms]
        return chances(rates * margins - costs)[1]

    def weights(self) -> dict[str, float]:
        """Return both arms' shares of the next wave."""
        if self.challenger is None:
            return {self.in_use: 1.0}
        share = min(self.chance, CAUTIOUS_SHARE) if self.chance < CROWN_AT else self.chance
        return dict(zip((self.in_use, self.challenger), floored([1 - share, share], self.floor), strict=True))

    def next_campaign(self) -> Self:
        """Return the state for another campaign: a proven challenger is in use, one without hope is dropped.

        Both wait for a campaign's end, so that a lucky wave decides nothing.
        """
        if self.challenger is None or not self.beliefs.people.any():
            return self
        if self.chance >= CROWN_AT:
            return replace(self, in_use=self.challenger, tried=(*self.tried, self.in_use))
        if self.chance <= DROP_AT:
            return replace(self, tried=(*self.tried, self.challenger))
        return self

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {
            "in_use": self.in_use,
            "challengers": list(self.challengers),
            "tried": list(self.tried),
            "costs": dict(self.costs),
            "discount": self.discount,
            "floor": self.floor,
            "waves": self.memory.as_json(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            stored["in_use"],
            tuple(stored["challengers"]),
            tuple(stored["tried"]),
            stored["costs"],
            Memory.from_json(stored["waves"]),
            stored["discount"],
            stored["floor"],
        )


def campaigns_needed(rate: float, lift: float, people: int) -> int:
    """Return how many campaigns of so many people two equal arms need to see a relative lift, 80 % sure."""
    if people < 2:
        raise ValueError("A campaign reaches at least two people.")
    return ceil(2 * sample_size(rate, lift) / people)
