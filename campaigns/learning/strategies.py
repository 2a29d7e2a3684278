"""Which strategy for which persona: posteriors shared between personas, and the shares that follow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from campaigns.experiments.statistics.bandit import DISCOUNT, FLOOR
from campaigns.learning.choice import beginning, shares, standard_draws
from campaigns.learning.effects import Beliefs, Worth, believe, worth
from campaigns.learning.memory import Memory, Wave

#: What the strategy in use keeps before anything was seen.
BEGIN_SHARE = 0.4


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
        rates = self.beliefs.draws((persona,), standard_draws(len(self.arms)))
        left = self.worth(persona)
        margins = [left.net(arm) or 1.0 for arm in self.arms]
        return dict(zip(self.arms, shares(rates * margins, self.floor), strict=True))

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
