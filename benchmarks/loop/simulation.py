"""The loop, driven in the simulated shop as the platform drives it."""

from dataclasses import dataclass

import numpy as np

from benchmarks.loop.oracle import Expectations, best_plan, fixed, of_persons
from benchmarks.loop.parameters import Parameters
from benchmarks.loop.shop import ACTIONS, BANDS, PERSONAS, STRATEGIES, Floats, People, Seen, Shop, action_of
from campaigns.experiments.statistics.delay import Delay
from campaigns.learning.coupon_values import ALONE
from campaigns.learning.memory import Outcome, Wave
from campaigns.learning.policy import Policy, named

VALUES = (0, 5, 10, 15)
CONTEXTS = tuple((persona, band) for persona in PERSONAS for band in BANDS)
NAMES = (ALONE, *(named(strategy, value) for strategy in STRATEGIES for value in VALUES))
FROZEN = ("hybrid", 0)


@dataclass(frozen=True)
class Result:
    """Hold what one seed's shop earned by round, in euros above leaving everybody alone.

    `fixed` has a row for each action; `persons` is the oracle of single persons over all rounds, estimated
    from a thousand of them, where it was asked for.
    """

    people: int
    seed: int
    oracle: Floats
    fixed: Floats
    frozen: Floats
    loop: Floats
    persons: float | None = None

    @property
    def best_fixed(self) -> Floats:
        """Return what the action earns that is best for everybody in every round."""
        best: Floats = self.fixed[self.fixed.sum(axis=1).argmax()]
        return best

    def share(self, of: str = "loop") -> float:
        """Return what part of the oracle's earnings was reached."""
        return float(getattr(self, of).sum() / self.oracle.sum())

    @property
    def against_frozen(self) -> float:
        """Return the loop's earnings as a share of the frozen system's."""
        return float(self.loop.sum() / self.frozen.sum())


def run(people: int, seed: int, numbers: Parameters | None = None, *, persons: int = 0) -> Result:
    """Play one seed: oracle, fixed plans, frozen system and loop, in the same shop with the same luck.

    50,000 people take about 4 s on one core, 2,700 under 1 s.
    """
    truth, luck = np.random.SeedSequence(seed).spawn(2)
    drawn = People.drawn(numbers or Parameters(), people, np.random.default_rng(truth))
    expected = Expectations.of(drawn)
    loop, frozen = (play(drawn, np.random.default_rng(luck), learns=learns) for learns in (True, False))
    return Result(
        people,
        seed,
        best_plan(expected)[0],
        fixed(expected),
        np.array(frozen),
        np.array(loop),
        of_persons(drawn, persons) if persons else None,
    )


def play(people: People, rng: np.random.Generator, *, learns: bool) -> list[float]:
    """Play all rounds and return what each earned; without learning everybody gets what is in use."""
    numbers = people.numbers
    shop = Shop(people, rng)
    policy = Policy.beginning(
        contexts=CONTEXTS,
        strategies=STRATEGIES,
        values=VALUES,
        in_use=FROZEN,
        people=len(people),
        contact_cost=numbers.contact_cost,
    )
    still = np.zeros((len(CONTEXTS), ACTIONS))
    still[:, action_of(STRATEGIES.index(FROZEN[0]), VALUES.index(FROZEN[1]))] = 1.0
    played: list[Seen] = []
    earned = []
    for t in range(numbers.rounds):
        before = shop.gained
        for number, who in enumerate(shop.open_round()):
            shares = still
            if learns:
                policy = policy.updated(_seen(played))
                if number == 0:
                    policy = policy.next_campaign()
                shares = _table(policy)
            played.append(shop.play_wave(t, who, shares))
        shop.close_round()
        earned.append(shop.gained - before)
    return earned


def _table(policy: Policy) -> Floats:
    rows = [policy.shares(context) for context in CONTEXTS]
    return np.array([[row.get(name, 0.0) for name in NAMES] for row in rows])


def _seen(played: list[Seen]) -> list[Wave]:
    """Return the waves whose picture has changed since the last decision: the youngest three.

    A week lies between two waves, so the youngest is one week old. The delay curve is that of the orders
    of closed waves; until there is one, the waves count as if nothing were to come.
    """
    weeks = len(played[0].orders) if played else 0
    delay = _curve(played[: len(played) - weeks + 1]) if played else None
    waves = []
    for index in range(max(len(played) - weeks, 0), len(played)):
        age = len(played) - index
        waves.append(_wave(index, played[index], age, delay.share_at(age) if delay else 1.0))
    return waves


def _curve(closed: list[Seen]) -> Delay | None:
    if not closed:
        return None
    by_age = np.sum([seen.orders.sum(axis=(1, 2)) for seen in closed], axis=0)
    return Delay((0.0, *(float(share) for share in by_age / by_age[-1])))


def _wave(index: int, seen: Seen, age: int, shown: float) -> Wave:
    orders, margin, discount = seen.at(age)
    cells = {
        context: {
            NAMES[a]: Outcome(seen.people[c, a], orders[c, a], margin[c, a], discount[c, a])
            for a in np.flatnonzero(seen.people[c])
        }
        for c, context in enumerate(CONTEXTS)
    }
    return Wave(f"{index:04}", cells, shown)
