"""The best that anybody could do who knows the true expectations, and what fixed plans earn."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.loop.shop import ACTIONS, Floats, Ints, People

#: Prices put on a message with the best sellers, so that the oracle may spare them for later rounds.
SHADOWS = (0.0, 0.005, 0.01, 0.02, 0.04)
PASSES = 12


@dataclass(frozen=True)
class Expectations:
    """Hold sums over the people of each group: what does and what does not depend on the message's list.

    Shapes: `plain` (groups, rounds, values), `listed` and `worn` (groups, strategies, values), `size`
    (groups).
    """

    people: People
    plain: Floats
    listed: Floats
    worn: Floats
    size: Floats

    @classmethod
    def of(cls, people: People, group: Ints | None = None) -> "Expectations":
        """Return the expectations by group, by context as a rule. 50,000 people take about 60 ms."""
        n = people.numbers
        group = people.context if group is None else group
        count = int(group.max()) + 1
        values, response = np.array(n.values), np.array(n.response)
        kept = n.margin_share - people.redeemed[:, None] * values
        basket = people.basket[:, None]

        def summed(rows: Floats) -> Floats:
            return np.stack([np.bincount(group, row, count) for row in rows.T], axis=-1)

        plain = []
        for t in range(n.rounds):
            alone = people.alone(t)[:, None]
            chance = alone * (1 - people.annoyed[:, None]) + people.sensitivity[:, None] * response
            plain.append(summed(basket * (chance * kept - alone * n.margin_share) - n.contact_cost))
        lifted = people.lift[:, None] * basket * kept
        worn = lifted * (n.fatigue_costs * people.susceptible[:, None])
        strategies = range(people.match.shape[1])
        return cls(
            people,
            np.stack(plain, axis=1),
            np.stack([summed(lifted * people.match[:, [s]]) for s in strategies], axis=1),
            np.stack([summed(worn * people.match[:, [s]]) for s in strategies], axis=1),
            np.bincount(group, minlength=count).astype(np.float64),
        )

    def of_actions(self, t: int, popular: float) -> tuple[Floats, Floats]:
        """Return (fresh, worn) of every way of writing in round t: what it earns is fresh - tired * worn."""
        news = np.ones(self.listed.shape[1])
        news[0] = 1 - self.people.numbers.popular_costs * popular
        fresh = self.plain[:, t, None, :] + self.listed * news[None, :, None]
        worn = self.worn * news[None, :, None]
        groups = len(self.size)
        return fresh.reshape(groups, -1), worn.reshape(groups, -1)


@dataclass(frozen=True)
class Course:
    """Hold what a history of writing leads to; all have shape (histories, rounds)."""

    sent: Floats
    tired: Floats
    stay: Floats


def course(sent: Floats, people: People) -> Course:
    """Return fatigue and the share still subscribed before each round, for histories of 0 and 1."""
    n = people.numbers
    tired, stay = np.zeros_like(sent), np.ones_like(sent)
    for t in range(sent.shape[1] - 1):
        leave = n.unsubscribe * (1 + n.unsubscribe_tired * tired[:, t])
        stay[:, t + 1] = stay[:, t] * (1 - sent[:, t] * leave)
        tired[:, t + 1] = n.fatigue_keeps * tired[:, t] + (1 - n.fatigue_keeps) * sent[:, t]
    return Course(sent, tired, stay)


def earned(plan: Ints, expected: Expectations) -> tuple[Floats, Floats]:
    """Return what a plan (groups x rounds of actions) earns in each round, and the course of popularity."""
    n = expected.people.numbers
    went = course((plan > 0).astype(np.float64), expected.people)
    popular, sums, path = n.popular_start, [], []
    for t in range(n.rounds):
        path.append(popular)
        fresh, worn = expected.of_actions(t, popular)
        chosen = np.maximum(plan[:, [t]] - 1, 0)
        gain = np.take_along_axis(fresh, chosen, 1)[:, 0]
        gain = gain - went.tired[:, t] * np.take_along_axis(worn, chosen, 1)[:, 0]
        sums.append(float((went.sent[:, t] * went.stay[:, t] * gain).sum()))
        messages = went.sent[:, t] * went.stay[:, t] * expected.size
        carried = (messages * ((plan[:, t] - 1) // 4 == 0)).sum()
        share = carried / messages.sum() if messages.sum() else 0.0
        popular = n.popular_keeps * popular + (1 - n.popular_keeps) * share
    return np.array(sums), np.array(path)


def best_plan(
    expected: Expectations, shadows: Sequence[float] = SHADOWS, passes: int = PASSES
) -> tuple[Floats, Ints]:
    """Return what the oracle earns in each round, and its plan.

    For a given course of popularity, every history of writing and leaving alone is tried for each group
    with the best action in each round; the course is then that of the plan found, until nothing improves.
    """
    n = expected.people.numbers
    went = course(np.array(list(product((0.0, 1.0), repeat=n.rounds))), expected.people)
    best = np.full(n.rounds, -np.inf), np.zeros((len(expected.size), n.rounds), dtype=np.int64)
    for shadow in shadows:
        path = np.full(n.rounds, n.popular_start)
        for _ in range(passes):
            plan = _answer(expected, went, path, shadow)
            gained, path = earned(plan, expected)
            if gained.sum() > best[0].sum():
                best = gained, plan
    return best


def _answer(expected: Expectations, went: Course, path: Floats, shadow: float) -> Ints:
    """Return the best plan when popularity runs this course."""
    groups, histories, rounds = len(expected.size), *went.sent.shape
    total = np.zeros((groups, histories))
    actions = np.zeros((groups, histories, rounds), dtype=np.int8)
    for t in range(rounds):
        fresh, worn = expected.of_actions(t, path[t])
        fresh = fresh - shadow * expected.size[:, None] * (np.arange(fresh.shape[1]) // 4 == 0)
        gain = fresh[:, None, :] - went.tired[None, :, t, None] * worn[:, None, :]
        actions[:, :, t] = 1 + gain.argmax(axis=2)
        total += went.sent[:, t] * went.stay[:, t] * gain.max(axis=2)
    chosen = total.argmax(axis=1)
    plan = actions[np.arange(groups), chosen] * (went.sent[chosen] > 0)
    result: Ints = plan.astype(np.int64)
    return result


def fixed(expected: Expectations) -> Floats:
    """Return what each action earns in each round when it is done to everybody; shape (17, rounds)."""
    shape = (len(expected.size), expected.people.numbers.rounds)
    return np.array([earned(np.full(shape, action), expected)[0] for action in range(ACTIONS)])


def of_persons(people: People, sample: int) -> float:
    """Return what an oracle of every single person would earn, from the first `sample` people, scaled up."""
    some = np.arange(min(sample, len(people)))
    part = People(
        people.numbers,
        *(getattr(people, name)[some] for name in list(People.__dataclass_fields__)[1:]),
    )
    gained, _ = best_plan(Expectations.of(part, some), shadows=(0.0,), passes=4)
    return float(gained.sum()) * len(people) / len(some)
