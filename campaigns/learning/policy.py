"""All that one decision needs: whether to write, with which strategy and which coupon value, to whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from campaigns.learning.coupon_values import ALONE, CouponValues
from campaigns.learning.memory import Context, Outcome, Wave
from campaigns.learning.small_shop import EVERYBODY, SMALL_SHOP, TwoArms
from campaigns.learning.strategies import Strategies


def named(strategy: str, value: int) -> str:
    """Return the name of writing with this strategy and coupon value."""
    return f"{strategy}:{value}"


def parts(action: str) -> tuple[str, str] | None:
    """Return (strategy, value) of an action; None for leaving alone."""
    if action == ALONE:
        return None
    strategy, _, value = action.rpartition(":")
    return strategy, value


@dataclass(frozen=True)
class Policy:
    """Hold a large shop's cores, or a small one's two arms. Contexts are (persona, band).

    Strategy and value are drawn apart, the strategy by persona, the value by context: in each wave the
    strategies of a persona meet the same mix of values, and the values of a context the same strategies.
    """

    strategies: Strategies
    values: CouponValues
    small: TwoArms | None = None

    @classmethod
    def beginning(
        cls,
        *,
        contexts: Sequence[Context],
        strategies: Sequence[str],
        values: Sequence[int],
        in_use: tuple[str, int],
        people: int,
        contact_cost: float = 0.0,
    ) -> Self:
        """Return the policy of a shop whose campaigns reach so many people; nothing is known yet."""
        personas = tuple(dict.fromkeys(context[0] for context in contexts))
        strategy, value = in_use
        small = None
        if people < SMALL_SHOP:
            challengers = _one_lever_away(strategies, values, in_use)
            costs = dict.fromkeys((named(*in_use), *challengers), contact_cost)
            small = TwoArms(named(*in_use), challengers, costs=costs)
        return cls(
            Strategies(personas, tuple(strategies), strategy),
            CouponValues(tuple(contexts), tuple(values), value, contact_cost),
            small,
        )

    def shares(self, context: Context) -> dict[str, float]:
        """Return the share of each action, by its name, for the next wave's people of this context."""
        if self.small is not None:
            return self.small.weights()
        values = self.values.weights(context)
        strategies = self.strategies.weights(context[0])
        result = {ALONE: values.pop(ALONE)} if ALONE in values else {}
        for strategy, one in strategies.items():
            result |= {f"{strategy}:{value}": one * other for value, other in values.items()}
        return result

    def updated(self, waves: Iterable[Wave]) -> Self:
        """Return the policy with these waves, whose arms are names of actions; oldest first."""
        waves = list(waves)
        if self.small is not None:
            return replace(self, small=self.small.updated(map(_of_everybody, waves)))
        return replace(
            self,
            strategies=self.strategies.updated(map(_of_strategies, waves)),
            values=self.values.updated(map(_of_values, waves)),
        )

    def next_campaign(self) -> Self:
        """Return the policy as another campaign begins."""
        return self if self.small is None else replace(self, small=self.small.next_campaign())

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {
            "strategies": self.strategies.as_json(),
            "values": self.values.as_json(),
            "small": self.small.as_json() if self.small else None,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        small = stored["small"]
        return cls(
            Strategies.from_json(stored["strategies"]),
            CouponValues.from_json(stored["values"]),
            TwoArms.from_json(small) if small else None,
        )


def _one_lever_away(
    strategies: Sequence[str], values: Sequence[int], in_use: tuple[str, int]
) -> tuple[str, ...]:
    """Return the actions that differ from the one in use by one lever, values and strategies in turn."""
    strategy, value = in_use
    dearer = [named(strategy, v) for v in values if v != value]
    others = [named(s, value) for s in strategies if s != strategy]
    turns = [name for pair in zip(dearer, others, strict=False) for name in pair]
    return (*turns, *dearer[len(others) :], *others[len(dearer) :])


def _of_everybody(wave: Wave) -> Wave:
    sums: dict[str, Outcome] = {}
    for arms in wave.cells.values():
        for arm, outcome in arms.items():
            sums[arm] = sums.get(arm, Outcome()) + outcome
    return replace(wave, cells={EVERYBODY: sums})


def _of_strategies(wave: Wave) -> Wave:
    cells: dict[Context, dict[str, Outcome]] = {}
    for context, arms in wave.cells.items():
        sums = cells.setdefault((context[0],), {})
        for arm, outcome in arms.items():
            if sent := parts(arm):
                sums[sent[0]] = sums.get(sent[0], Outcome()) + outcome
    return replace(wave, cells=cells)


def _of_values(wave: Wave) -> Wave:
    cells: dict[Context, dict[str, Outcome]] = {}
    for context, arms in wave.cells.items():
        sums = cells.setdefault(context, {})
        for arm, outcome in arms.items():
            sent = parts(arm)
            name = sent[1] if sent else ALONE
            sums[name] = sums.get(name, Outcome()) + outcome
    return replace(wave, cells=cells)
