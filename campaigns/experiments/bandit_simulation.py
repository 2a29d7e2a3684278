"""The bandit judged by simulation against an oracle that knows every rate."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from campaigns.experiments.statistics.bandit import DISCOUNT, WAVES, Tally, next_wave, remember
from campaigns.experiments.statistics.delay import Delay
from campaigns.experiments.statistics.floor import FLOOR
from campaigns.experiments.statistics.multiplicity import holm
from campaigns.experiments.statistics.proportions import p_value
from campaigns.experiments.statistics.results import NotComputableError

Rates = tuple[float, ...]
Ints = npt.NDArray[np.int64]

NO_DELAY = Delay((1.0,))


@dataclass(frozen=True, slots=True)
class Shop:
    """Hold what is played: the rates of a campaign's arms, its people, and how late orders come.

    `rates` gives the arms' true rates in campaign 0, 1, …; `delay` the share of a wave's conversions seen
    when the next wave of the same campaign is decided, the one after, …; the next campaign sees all.
    """

    rates: Callable[[int], Rates]
    campaigns: int
    people: int
    waves: int = WAVES
    delay: Delay = NO_DELAY
    corrected: bool = True
    discount: float = DISCOUNT
    floor: float = FLOOR


@dataclass(slots=True)
class Run:
    """Hold one run: expected conversions of the bandit and of the oracle, and the equal-weight counts."""

    earned: float = 0.0
    oracle: float = 0.0
    conversions: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Return what was reached of the oracle's expected conversions."""
        return self.earned / self.oracle


def play(shop: Shop, rng: np.random.Generator) -> Run:
    """Play all campaigns once: shares by Thompson weights, people drawn, conversions seen with delay."""
    arms = len(shop.rates(0))
    run = Run(conversions=[0] * arms, people=[0] * arms)
    closed: list[dict[str, Tally]] = []
    for campaign in range(shop.campaigns):
        rates = np.array(shop.rates(campaign))
        played: list[tuple[Ints, Ints]] = []
        final: list[dict[str, Tally]] = []
        for size in _split(shop.people, shop.waves):
            memory = remember([*closed, *_seen(played, shop)], shop.discount)
            weights = [1 / arms] * arms
            if memory:
                weights = list(next_wave(memory, floor=shop.floor).weights.values())
            # The floor's people are drawn apart, at equal weights: they alone may say what an arm is worth.
            equal = rng.binomial(size, arms * shop.floor) if memory else size
            even = rng.multinomial(equal, [1 / arms] * arms)
            rest = np.maximum(np.array(weights) - (shop.floor if memory else 0.0), 0.0)
            chosen = rng.multinomial(size - equal, rest / rest.sum()) if equal < size else np.zeros_like(even)
            bought_even, bought = rng.binomial(even, rates), rng.binomial(chosen, rates)
            total, orders = even + chosen, bought_even + bought
            run.earned += float(total @ rates)
            run.oracle += float(size * rates.max())
            for i in range(arms):
                run.conversions[i] += int(bought_even[i])
                run.people[i] += int(even[i])
            played.append((total, _arrivals(orders, shop.delay, rng)))
            final.append(_tallies(orders, total, NO_DELAY, 0))
        closed += final
    return run


def _split(people: int, waves: int) -> list[int]:
    return [people * (k + 1) // waves - people * k // waves for k in range(waves)]


def _arrivals(orders: Ints, delay: Delay, rng: np.random.Generator) -> Ints:
    """Return the orders that each arm has shown by age 0, 1, …; shape (ages, arms)."""
    steps = np.diff([0.0, *delay.shares, 1.0])
    return rng.multinomial(orders, steps).cumsum(axis=1).T


def _seen(played: list[tuple[Ints, Ints]], shop: Shop) -> list[dict[str, Tally]]:
    """Return what the waves of this campaign show by now, the youngest at age 0."""
    result = []
    for age, (people, arrivals) in zip(range(len(played))[::-1], played, strict=True):
        orders = arrivals[min(age, len(arrivals) - 1)]
        result.append(_tallies(orders, people, shop.delay if shop.corrected else NO_DELAY, age))
    return result


def _tallies(orders: Ints, people: Ints, delay: Delay, age: int) -> dict[str, Tally]:
    counts = enumerate(zip(orders, people, strict=True))
    return {str(i): delay.visible(float(o), float(n), age) for i, (o, n) in counts}


def winner(run: Run, alpha: float = 0.05) -> int | None:
    """Return the arm that beats every other on the equal-weight people, by Holm over all pairs; or None.

    The people drawn by Thompson weights are left out: their rates are biased by the choice itself.
    """
    arms = len(run.people)
    pairs = [(i, j) for i in range(arms) for j in range(i + 1, arms)]
    values = []
    for i, j in pairs:
        try:
            values.append(p_value(run.conversions[i], run.people[i], run.conversions[j], run.people[j]))
        except NotComputableError:
            values.append(1.0)
    rejected = dict(zip(pairs, holm(values, alpha).rejected, strict=True))
    rates = [x / n if n else 0.0 for x, n in zip(run.conversions, run.people, strict=True)]
    best = max(range(arms), key=rates.__getitem__)
    beaten = all(rejected[min(best, j), max(best, j)] for j in range(arms) if j != best)
    return best if beaten and arms > 1 else None


def shares(shop: Shop, *, runs: int, seed: int) -> list[float]:
    """Return the share of the oracle's conversions reached in each run, every run with its own stream."""
    streams = np.random.SeedSequence(seed).spawn(runs)
    return [play(shop, np.random.default_rng(stream)).share for stream in streams]
