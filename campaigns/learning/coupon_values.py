"""Which coupon value for whom, or no message at all: by margin a person met, those left alone included."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from campaigns.experiments.statistics.bandit import DISCOUNT
from campaigns.experiments.statistics.floor import FLOOR
from campaigns.learning.choice import Floats, beginning, shares, standard_draws
from campaigns.learning.effects import Beliefs, believe, worth
from campaigns.learning.memory import Context, Memory, Wave

ALONE = "alone"
#: What the value in use keeps before anything was seen.
BEGIN_SHARE = 0.4
#: How much of an effect's prior variance all values share, walks with the dose, and is each arm's own.
COMMON, WALK, OWN = 1.0, 1.0, 0.1


def ordered(rates: Floats) -> Floats:
    """Return each row's closest rising one: a larger coupon never makes fewer people order.

    Draws of an unconstrained posterior are projected (Dunson & Neelon 2003, Biometrics 59:286-295), by
    the min-max formula of isotonic regression (Robertson, Wright & Dykstra 1988, section 1.4). Shape
    (draws, values).
    """
    count = rates.shape[1]
    sums = np.concatenate([np.zeros((len(rates), 1)), rates.cumsum(axis=1)], axis=1)
    result = np.empty_like(rates)
    for k in range(count):
        floors = [
            np.min([(sums[:, j + 1] - sums[:, i]) / (j + 1 - i) for j in range(k, count)], axis=0)
            for i in range(k + 1)
        ]
        result[:, k] = np.max(floors, axis=0)
    return result


def kinship(values: Sequence[int]) -> Floats:
    """Return how alike leaving alone and the values are before anything was seen.

    What a message does is common to all values; from value to value the effect walks at random (a Wiener
    prior over the dose, Rue & Held 2005, chapter 3), so that 5 and 15 % also tell of 10 %.
    """
    doses = np.array(values, dtype=np.float64) / max(values[-1], 1)
    result = np.zeros((len(values) + 1,) * 2)
    result[1:, 1:] = COMMON + WALK * np.minimum(doses[:, None], doses[None, :])
    return result + OWN * np.eye(len(values) + 1)


@dataclass(frozen=True)
class CouponValues:
    """Hold what was learned of coupon values by context, such as (persona, band of the discount share).

    Arms are `ALONE` and values in percent, "0" meaning a message without a coupon. Contexts must not tell
    devices, protected attributes or loyalty; `never_worse` sees to the loyal. Whoever refused
    personalisation is in no context and gets `plain`.
    """

    contexts: tuple[Context, ...]
    values: tuple[int, ...] = (0, 5, 10, 15)
    in_use: int = 0
    contact_cost: float = 0.0
    cap: int | None = None
    may_leave_alone: bool = True
    memory: Memory = field(default_factory=Memory)
    discount: float = DISCOUNT
    floor: float = FLOOR

    def __post_init__(self) -> None:
        if self.in_use not in self.allowed:
            raise ValueError(f"A value of {self.in_use} % is in use, but allowed are {self.allowed}.")
        if list(self.values) != sorted(set(self.values)):
            raise ValueError("Values rise, each once.")

    @property
    def allowed(self) -> tuple[int, ...]:
        """Return the values up to the cap."""
        return tuple(value for value in self.values if self.cap is None or value <= self.cap)

    @property
    def arms(self) -> tuple[str, ...]:
        """Return the arms that may be given now, `ALONE` first."""
        return (*((ALONE,) if self.may_leave_alone else ()), *map(str, self.allowed))

    @property
    def plain(self) -> str:
        """Return what whoever refused personalisation gets, and everybody where the market forbids it."""
        return str(self.in_use)

    def updated(self, waves: Iterable[Wave]) -> Self:
        """Return the state with these waves, oldest first; a wave with a known key replaces it."""
        return replace(self, memory=self.memory.updated(waves))

    @cached_property
    def beliefs(self) -> Beliefs:
        """Return the posterior of the chance to order, by context and arm. About 40 ms for 12 contexts."""
        arms = (ALONE, *map(str, self.allowed))
        return believe(self.memory.waves, self.contexts, arms, self.discount, kinship(self.allowed))

    def margins(self, context: Context) -> Floats:
        """Return draws of the margin per person met, a row a draw, a column for each of `arms`."""
        rates = self.beliefs.draws(context, standard_draws(len(self.beliefs.arms)))
        rates = np.column_stack([rates[:, 0], ordered(rates[:, 1:])])
        left = worth(self.memory.waves, [context], self.beliefs.arms)
        net = np.array([left.net(arm) for arm in self.beliefs.arms])
        cost = np.array([0.0] + [self.contact_cost] * len(self.allowed))
        result: Floats = rates * net - cost
        return result if self.may_leave_alone else result[:, 1:]

    def weights(self, context: Context) -> dict[str, float]:
        """Return the arms' shares for this context in the next wave: Thompson, floor 1 %.

        Raises KeyError for an unknown context.
        """
        if context not in self.contexts:
            raise KeyError(f"Nothing is known of the context {context}.")
        if not self.beliefs.people.any():
            return beginning(self.arms, self.plain, BEGIN_SHARE, self.floor)
        return dict(zip(self.arms, shares(self.margins(context), self.floor), strict=True))

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {
            "contexts": [list(context) for context in self.contexts],
            "values": list(self.values),
            "in_use": self.in_use,
            "contact_cost": self.contact_cost,
            "cap": self.cap,
            "may_leave_alone": self.may_leave_alone,
            "discount": self.discount,
            "floor": self.floor,
            "waves": self.memory.as_json(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        rest = dict(stored)
        return cls(
            contexts=tuple(tuple(context) for context in rest.pop("contexts")),
            values=tuple(rest.pop("values")),
            memory=Memory.from_json(rest.pop("waves")),
            **rest,
        )


def never_worse(usual: Mapping[str, float], loyal: Mapping[str, float]) -> dict[str, float]:
    """Return the loyal's shares, no worse than the usual ones: at every value as many get it or more.

    First-order stochastic dominance over `ALONE`, 0, 5, … in the order of `usual`; where the loyal would get
    less, they get the usual shares' part.
    """
    if list(usual) != list(loyal):
        raise ValueError("Both need the same arms in the same order.")
    at_most = np.minimum(np.cumsum(list(usual.values())), np.cumsum(list(loyal.values())))
    return dict(zip(usual, np.diff(at_most, prepend=0.0).tolist(), strict=True))
