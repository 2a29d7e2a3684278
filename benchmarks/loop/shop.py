"""The simulated shop of docs/loop.md: people with a truth of their own, and what they do when written to."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from benchmarks.loop.parameters import Parameters

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PERSONAS = ("stocks up", "follows trends", "explores", "shops by itself")
STRATEGIES = ("popularity", "own-frequency", "user-knn", "hybrid")
BANDS = ("low", "mid", "high")
#: An action is 0 (leave alone) or 1 + 4 strategy + value.
ACTIONS = 1 + len(STRATEGIES) * 4


def action_of(strategy: int, value: int) -> int:
    """Return the action that writes with this strategy and value."""
    return 1 + 4 * strategy + value


@dataclass(frozen=True)
class People:
    """Hold what is true of each person; all arrays have one entry a person, `match` one row."""

    numbers: Parameters
    persona: Ints
    context: Ints
    organic: Floats
    period: Floats
    phase: Floats
    basket: Floats
    lift: Floats
    match: Floats
    annoyed: Floats
    sensitivity: Floats
    redeemed: Floats
    susceptible: Floats

    @classmethod
    def drawn(cls, numbers: Parameters, people: int, rng: np.random.Generator) -> "People":
        """Draw a shop's customers. 50,000 take about 50 ms."""
        n = numbers

        def spread(sigma: float) -> Floats:
            return np.exp(rng.normal(-(sigma**2) / 2, sigma, people))

        persona = rng.choice(4, people, p=n.persona_shares)
        seen = np.where(
            rng.random(people) < n.persona_mistaken, (persona + rng.integers(1, 4, people)) % 4, persona
        )
        classes = np.array([n.classes_stocks, n.classes_trends, n.classes_explores, n.classes_alone])
        kind = (rng.random(people)[:, None] > classes.cumsum(axis=1)[persona][:, :2]).sum(axis=1)
        orders = 1 + rng.poisson(n.past_orders, people)
        share = rng.binomial(orders, np.array(n.past_discounted)[kind]) / orders
        band = np.digitize(share, n.bands)
        matches = np.array([n.match_popularity, n.match_own_frequency, n.match_user_knn, n.match_hybrid])
        taste = matches.T[persona] + rng.normal(0, n.taste_spread, (people, len(STRATEGIES)))
        return cls(
            numbers=n,
            persona=persona,
            context=seen * len(BANDS) + band,
            organic=np.minimum(np.array(n.organic)[persona] * spread(n.organic_spread), n.organic_cap),
            period=rng.uniform(*n.cycle_rounds, people),
            phase=rng.random(people),
            basket=np.array(n.basket)[persona] * spread(n.basket_spread_people),
            lift=np.minimum(np.array(n.lift)[persona] * spread(n.lift_spread), n.lift_cap),
            match=taste.clip(0, n.match_cap),
            annoyed=np.array(n.annoyed)[persona],
            sensitivity=np.minimum(
                np.array(n.sensitivity)[kind] * spread(n.sensitivity_spread), n.sensitivity_cap
            ),
            redeemed=np.array(n.redeemed)[kind],
            susceptible=rng.uniform(0, 2, people),
        )

    def __len__(self) -> int:
        return len(self.persona)

    def alone(self, t: int, who: Ints | slice = slice(None)) -> Floats:
        """Return the chance of these people to buy in round `t` when nobody writes to them."""
        n = self.numbers
        cycle = 1 + n.cycle_swing * np.sin(2 * np.pi * (t / self.period[who] + self.phase[who]))
        season = 1 + n.season_swing * np.sin(2 * np.pi * t / n.rounds)
        result: Floats = self.organic[who] * cycle * season
        return result

    def written(self, alone: Floats, action: Ints, tired: Floats, popular: float, who: Ints) -> Floats:
        """Return their chance to buy when written to; `action` is 1 or more for everybody here."""
        n = self.numbers
        strategy, value = (action - 1) // 4, (action - 1) % 4
        news = np.where(strategy == 0, 1 - n.popular_costs * popular, 1.0)
        worn = 1 - n.fatigue_costs * self.susceptible[who] * tired
        return (
            alone * (1 - self.annoyed[who])
            + self.lift[who] * self.match[who, strategy] * news * worn
            + self.sensitivity[who] * np.array(n.response)[value]
        )


@dataclass
class Seen:
    """Hold what one wave showed: by context and action, and for sums by weeks since (1, 2, 3)."""

    people: Floats
    orders: Floats
    margin: Floats
    discount: Floats

    def at(self, age: int) -> tuple[Floats, Floats, Floats]:
        """Return orders, margin before coupons and discounts as seen so many weeks later, 1 at least."""
        last = min(age, len(self.orders)) - 1
        return self.orders[last], self.margin[last], self.discount[last]


@dataclass
class Shop:
    """Play the shop: who is tired, who has left, how stale the best sellers are."""

    people: People
    rng: np.random.Generator
    tired: Floats = field(init=False)
    here: npt.NDArray[np.bool_] = field(init=False)
    popular: float = field(init=False)
    gained: float = 0.0

    def __post_init__(self) -> None:
        """Begin with nobody tired and everybody here."""
        self.tired = np.zeros(len(self.people))
        self.here = np.ones(len(self.people), dtype=bool)
        self.popular = self.people.numbers.popular_start
        self._sent = np.zeros(len(self.people), dtype=bool)
        self._best_sellers = 0

    def open_round(self) -> list[Ints]:
        """Return the round's waves: disjoint people, drawn anew among those who have not left."""
        order = self.rng.permutation(np.flatnonzero(self.here))
        self._sent[:] = False
        self._best_sellers = 0
        return np.array_split(order, self.people.numbers.waves)

    def play_wave(self, t: int, who: Ints, shares: Floats) -> Seen:
        """Draw each one's action by the shares of the context (12 x 17), and what comes of it."""
        n, people, rng = self.people.numbers, self.people, self.rng
        context = people.context[who]
        edges = shares.cumsum(axis=1)
        action = (rng.random(len(who))[:, None] * edges[context][:, -1:] >= edges[context][:, :-1]).sum(
            axis=1
        )
        alone = people.alone(t, who)
        sent = action > 0
        chance = alone.copy()
        chance[sent] = people.written(
            alone[sent], action[sent], self.tired[who[sent]], self.popular, who[sent]
        )
        value = np.where(sent, np.array(n.values)[(action - 1) % 4], 0.0)
        kept = n.margin_share - people.redeemed[who] * value
        basket = people.basket[who]
        self.gained += float(
            (basket * (chance * kept - alone * n.margin_share)).sum() - n.contact_cost * sent.sum()
        )
        bought = np.flatnonzero(rng.random(len(who)) < chance)
        spread = n.basket_spread_orders
        order_value = basket[bought] * np.exp(rng.normal(-(spread**2) / 2, spread, len(bought)))
        redeemed = rng.random(len(bought)) < people.redeemed[who[bought]]
        discount = order_value * redeemed * value[bought]
        week = rng.choice(len(n.late), len(bought), p=n.late)
        leaves = sent & (rng.random(len(who)) < n.unsubscribe * (1 + n.unsubscribe_tired * self.tired[who]))
        self.here[who[leaves]] = False
        self._sent[who[sent]] = True
        self._best_sellers += int(((action - 1) // 4 == 0)[sent].sum())
        cell = context * ACTIONS + action
        return Seen(
            people=_table(cell, None),
            orders=_by_week(cell[bought], week, np.ones(len(bought)), len(n.late)),
            margin=_by_week(cell[bought], week, order_value * n.margin_share, len(n.late)),
            discount=_by_week(cell[bought], week, discount, len(n.late)),
        )

    def close_round(self) -> None:
        """Let fatigue and popularity follow what was sent."""
        n = self.people.numbers
        self.tired = n.fatigue_keeps * self.tired + (1 - n.fatigue_keeps) * self._sent
        messages = int(self._sent.sum())
        share = self._best_sellers / messages if messages else 0.0
        self.popular = n.popular_keeps * self.popular + (1 - n.popular_keeps) * share


def _table(cell: Ints, weights: Floats | None) -> Floats:
    size = len(PERSONAS) * len(BANDS) * ACTIONS
    return np.bincount(cell, weights, size).astype(np.float64).reshape(-1, ACTIONS)


def _by_week(cell: Ints, week: Ints, weights: Floats, weeks: int) -> Floats:
    """Return sums by weeks since, those seen earlier included; shape (weeks, contexts, actions)."""
    return np.stack([_table(cell[week <= k], weights[week <= k]) for k in range(weeks)])
