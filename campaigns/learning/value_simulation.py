"""Tests of coupon values by simulation: weekly waves whose windows are open when the next is decided."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from campaigns.experiments.statistics.delay import Delay
from campaigns.learning.coupon_values import CouponValues
from campaigns.learning.memory import Outcome, Wave

EVERYBODY = ("everybody",)
#: A third of the orders is seen when the next wave is decided, all of them four waves later.
LATE = Delay((0.0, 0.35, 0.6, 0.8, 1.0))


@dataclass(frozen=True)
class ValueShop:
    """Hold what is played: each value's chance to order, what an order leaves before coupons, and how late.

    `delay` is the share of a wave's orders seen one wave later, two waves later, …; `redeemed` the share of
    buyers who use the coupon. `corrected` says how open windows are counted: by wave and by what could be
    seen, or, naively, everybody met so far in one sum, as if all had had the same time.
    """

    rates: Sequence[float]
    values: tuple[int, ...] = (0, 5, 10, 15)
    basket: float = 40.0
    margin_share: float = 0.4
    redeemed: float = 0.7
    people: int = 6_000
    waves: int = 10
    delay: Delay = LATE
    corrected: bool = True

    @property
    def worth(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the expected margin per person met, by value."""
        left = self.basket * (self.margin_share - self.redeemed * np.array(self.values) / 100)
        found: np.ndarray[tuple[int], np.dtype[np.float64]] = np.array(self.rates) * left
        return found


def play(shop: ValueShop, rng: np.random.Generator) -> float:
    """Return how much of what knowing the best value would add to even shares was reached.

    0 is what even shares bring, 1 the oracle.
    """
    arms = [str(value) for value in shop.values]
    earned = 0.0
    met: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    arrivals: list[np.ndarray[tuple[int, int], np.dtype[np.int64]]] = []
    steps = np.diff([*shop.delay.shares, 1.0], prepend=0.0)
    for now in range(shop.waves):
        state = CouponValues((EVERYBODY,), shop.values, may_leave_alone=False)
        given = state.updated(_seen(shop, met, arrivals, now)).weights(EVERYBODY) if met else {}
        shares = [given.get(arm, 1 / len(arms)) for arm in arms]
        people = rng.multinomial(shop.people, shares)
        orders = rng.binomial(people, shop.rates)
        met.append(people)
        arrivals.append(rng.multinomial(orders, steps).cumsum(axis=1).T)
        earned += float(people @ shop.worth)
    even, best = shop.worth.mean(), shop.worth.max()
    return float((earned / (shop.people * shop.waves) - even) / (best - even))


def _seen(
    shop: ValueShop,
    met: Sequence[np.ndarray[tuple[int], np.dtype[np.int64]]],
    arrivals: Sequence[np.ndarray[tuple[int, int], np.dtype[np.int64]]],
    now: int,
) -> list[Wave]:
    """Return what is known when a wave is decided, the oldest first."""
    last = len(shop.delay.shares)
    orders = [seen[min(now - wave, last)] for wave, seen in enumerate(arrivals)]
    if not shop.corrected:
        return [_wave(shop, "all", sum(met), sum(orders), 1.0)]
    return [
        _wave(shop, f"{wave:03}", people, orders[wave], shop.delay.share_at(now - wave))
        for wave, people in enumerate(met)
    ]


def _wave(shop: ValueShop, key: str, people: object, orders: object, shown: float) -> Wave:
    cells = {
        str(value): Outcome(
            float(n), float(x), float(x) * shop.basket * shop.margin_share,
            float(x) * shop.basket * shop.redeemed * value / 100,
        )
        for value, n, x in zip(shop.values, np.asarray(people), np.asarray(orders), strict=True)
    }  # fmt: skip
    return Wave(key, {EVERYBODY: cells}, shown, "test")
