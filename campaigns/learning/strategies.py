"""Which strategy for which persona: posteriors shared between personas, and the shares that follow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from campaigns.experiments.statistics.bandit import DISCOUNT
from campaigns.experiments.statistics.floor import FLOOR
from campaigns.learning.choice import Floats, beginning, shares, standard_draws
from campaigns.learning.effects import Beliefs, Worth, believe, worth
from campaigns.learning.memory import Memory, Wave

#: What the strategy in use keeps before anything was seen.
BEGIN_SHARE = 0.4
#: How certain it must be that a persona's own strategy is better than everybody's.
SURE = 0.95


@dataclass(frozen=True)
class Strategies:
    """Hold what was learned of (persona, strategy), across campaigns.

    A wave's contexts are (persona,), its arms strategies; people who were left alone are no part of it.
    Within a wave, a strategy must be drawn by the persona alone, or be observed as if it had been.
    """

    personas: tuple[str, ...]
    arms: tuple[str, ...]
    in_use: str
    memory: Memory = field(default_factory=Memory)
    discount: float = DISCOUNT
    floor: float = FLOOR

    def __post_init__(self) -> None:
        if self.in_use not in self.arms:
            raise ValueError(f"“{self.in_use}” is none of {', '.join(self.arms)}.")

    def updated(self, waves: Iterable[Wave]) -> Self:
        """Return the state with these waves, oldest first; a wave with a known key replaces it."""
        return replace(self, memory=self.memory.updated(waves))

    @cached_property
    def beliefs(self) -> Beliefs:
        """Return the posterior of the chance to order, by persona and strategy. About 10 ms."""
        contexts = [(persona,) for persona in self.personas]
        return believe(self.memory.waves, contexts, self.arms, self.discount)

    def worth(self, persona: str) -> Worth:
        """Return what an order of this persona leaves by strategy; coupons are not the strategy's doing."""
        found = worth(self.memory.waves, [(persona,)], self.arms)
        orders = {
            arm: sum(w.cells.get((persona,), {})[arm].orders for w in self.memory.waves
                     if arm in w.cells.get((persona,), {}))
            for arm in self.arms
        }  # fmt: skip
        total = sum(orders.values())
        paid = sum(found.discount[arm] * orders[arm] for arm in self.arms) / total if total else 0.0
        return Worth(found.margin, dict.fromkeys(self.arms, paid))

    def weights(self, persona: str) -> dict[str, float]:
        """Return the strategies' shares for this persona in the next wave: Thompson, floor 1 %.

        Raises KeyError for an unknown persona.
        """
        if (persona,) not in self.beliefs.contexts:
            raise KeyError(f"Nothing is known of a persona “{persona}”.")
        if not self.beliefs.people.any():
            return beginning(self.arms, self.in_use, BEGIN_SHARE, self.floor)
        return dict(zip(self.arms, shares(self._worths(persona), self.floor), strict=True))

    @cached_property
    def champion(self) -> str:
        """Return the strategy expected to bring most of everybody together; the one in use at first."""
        people = self.beliefs.people
        if not people.any():
            return self.in_use
        expected = np.array([self._margins(persona) for persona in self.personas])
        rates = np.array([self.beliefs.rates((persona,))[0] for persona in self.personas])
        return self.arms[int(np.average(rates * expected, axis=0, weights=people).argmax())]

    def best(self, persona: str) -> str:
        """Return this persona's strategy: everybody's champion, unless another is better with 95 % certainty.

        For where one is chosen and not a share: a default, or a replay, where every list is scored whoever
        gets it, so that exploring shows nothing new.
        """
        if not self.beliefs.people.any():
            return self.in_use
        worths = self._worths(persona)
        rival, champion = int(worths.mean(axis=0).argmax()), self.arms.index(self.champion)
        return self.arms[rival if (worths[:, rival] > worths[:, champion]).mean() >= SURE else champion]

    def _margins(self, persona: str) -> list[float]:
        """Return what an order leaves by arm; 1 where none was ever made, so that rates alone count."""
        left = self.worth(persona)
        return [left.net(arm) or 1.0 for arm in self.arms]

    def _worths(self, persona: str) -> Floats:
        """Return draws of the margin a person, a row a draw."""
        draws = self.beliefs.draws((persona,), standard_draws(len(self.arms)))
        result: Floats = draws * self._margins(persona)
        return result

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {
            "personas": list(self.personas),
            "arms": list(self.arms),
            "in_use": self.in_use,
            "discount": self.discount,
            "floor": self.floor,
            "waves": self.memory.as_json(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            tuple(stored["personas"]),
            tuple(stored["arms"]),
            stored["in_use"],
            Memory.from_json(stored["waves"]),
            stored["discount"],
            stored["floor"],
        )
