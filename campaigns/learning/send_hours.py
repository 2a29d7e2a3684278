"""When to write to somebody: the chance of an answer at each hour of their own clock.

Three levels, each shrunk to the one above: all, a persona, a person. A level knows two things: at which
hours its people act of their own accord (clicks and orders; a habit), and how often they clicked what was
sent to them at an hour (the effect). The habit says where to look as long as little was sent; with every
message the effect outweighs it:

    habit(h)  = (acts(h) + K * habit_above(h)) / (acts + K)             Dirichlet and multinomial
    before(h) = rate_above(h) * habit(h) / habit_above(h)
    rate(h)   = (clicks(h) + S * before(h)) / (sent(h) + S)             beta and binomial

(Gelman et al., Bayesian Data Analysis, 3rd ed., 2013, sections 2.4, 3.4 and 5.3.) Messages of the two upper
levels count by the inverse of the chance with which they got their hour (Hajek 1971), because people are
sent to at hours that suit them; n weighted messages count as (sum of weights)^2 / sum of squares (Kish 1965).
Opens are counted nowhere: machines make most of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOURS = 24
#: The hours at which something is tried. Nobody is woken up to learn from it.
DAY = tuple(range(8, 21))
#: The part of the people who get any of these hours, for ever; and the part who get the usual time.
RANDOM, USUAL = 0.1, 0.1
#: So many acts of their own weigh as much as the habit of the level above.
HABIT = 24.0
#: So many messages an hour weigh as much as what is known from above: of all and of a persona, of a person.
GROUP_SENDS, PERSON_SENDS = 500.0, 50.0
#: What is assumed of a message before anything was sent: the share that is clicked.
ASSUMED_RATE = 0.02
#: The level of all.
ALL = ""


@dataclass(frozen=True)
class Counts:
    """What one group did, hour by hour: 24 numbers each.

    `acts` are clicks and orders; `weight`, `squares` and `clicked` are the sums over its messages of their
    weights, their squares and the weights of those clicked.
    """

    acts: Floats = field(default_factory=lambda: np.zeros(HOURS))
    weight: Floats = field(default_factory=lambda: np.zeros(HOURS))
    squares: Floats = field(default_factory=lambda: np.zeros(HOURS))
    clicked: Floats = field(default_factory=lambda: np.zeros(HOURS))

    @property
    def sent(self) -> Floats:
        """Return for how many messages of equal weight those of each hour count."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(self.squares > 0, self.weight**2 / self.squares, 0.0)
        return found

    @property
    def clicks(self) -> Floats:
        """Return how many of these were clicked."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(self.weight > 0, self.clicked / self.weight * self.sent, 0.0)
        return found

    def plus(self, other: "Counts") -> "Counts":
        """Return both together."""
        return Counts(
            self.acts + other.acts,
            self.weight + other.weight,
            self.squares + other.squares,
            self.clicked + other.clicked,
        )


@dataclass(frozen=True)
class Belief:
    """The chance of a click at each hour, how many messages that stands on, and the habit."""

    rate: Floats
    strength: Floats
    habit: Floats

    def best(self) -> int:
        """Return the hour of the day with the highest chance, the earliest of equal ones."""
        return int(best(self.rate[None, :])[0])

    def interval(self, hour: int) -> tuple[float, float]:
        """Return the 95 % range of an hour's chance: the beta distribution by its first two moments."""
        low, high = interval(self.rate[hour : hour + 1], self.strength[hour : hour + 1])
        return float(low[0]), float(high[0])


@dataclass(frozen=True)
class Sends:
    """Messages whose window is over: persona, hour of their clock, its chance, whether it was clicked."""

    persona: Sequence[str]
    hour: Ints
    chance: Floats
    clicked: Floats


@dataclass(frozen=True)
class Hours:
    """What is known of all and of each persona."""

    groups: Mapping[str, Counts] = field(default_factory=dict)

    def updated(self, sends: Sends, acts: Mapping[str, Floats]) -> "Hours":
        """Add messages, and acts by persona (24 counts each); ALL names those of no persona.

        Everybody counts in the level of all. Raises ValueError for a message whose hour had no chance.
        """
        if len(sends.hour) and not float(sends.chance.min()) > 0:
            raise ValueError("A message whose hour had no chance cannot be learned from.")
        groups = dict(self.groups)
        names = np.asarray(sends.persona, dtype=object)
        weights = 1.0 / (len(DAY) * sends.chance)
        for name in {*acts, *sends.persona, ALL}:
            own = np.full(len(names), True) if name == ALL else names == name
            habits = acts.values() if name == ALL else [acts.get(name, np.zeros(HOURS))]
            told = Counts(
                sum(habits, start=np.zeros(HOURS)),
                _by_hour(sends.hour[own], weights[own]),
                _by_hour(sends.hour[own], weights[own] ** 2),
                _by_hour(sends.hour[own], weights[own] * sends.clicked[own]),
            )
            groups[name] = groups.get(name, Counts()).plus(told)
        return Hours(groups)

    def of(self, persona: str = ALL) -> Belief:
        """Return the belief about a group; a persona of which nothing is known is like all."""
        own = self.groups.get(ALL, Counts())
        clicks, sent = float(own.clicks.sum()), float(own.sent.sum())
        overall = (clicks + GROUP_SENDS * ASSUMED_RATE) / (sent + GROUP_SENDS)
        even = np.full(HOURS, 1 / HOURS)
        whole = _below(own, Belief(np.full(HOURS, overall), np.zeros(HOURS), even))
        if persona == ALL or persona not in self.groups:
            return whole
        return _below(self.groups[persona], whole)

    def people(self, personas: Sequence[str], acts: Floats, sent: Floats, clicked: Floats) -> Floats:
        """Return each person's chance of a click at each hour (people x 24).

        The three tables are people x 24: what they did of their own accord, what was sent to them and
        what of it they clicked. 200,000 people take about 0.6 s and 200 MB.
        """
        known = {name: self.of(name) for name in set(personas)}
        names = list(known)
        place = np.array([names.index(name) for name in personas], dtype=np.int64)
        rate = np.stack([known[name].rate for name in names])[place] if len(place) else np.zeros((0, HOURS))
        habit = np.stack([known[name].habit for name in names])[place] if len(place) else np.zeros((0, HOURS))
        own = (acts + HABIT * habit) / (acts.sum(axis=1, keepdims=True) + HABIT)
        before = np.minimum(rate * own / habit, 1.0)
        found: Floats = (clicked + PERSON_SENDS * before) / (sent + PERSON_SENDS)
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the state as plain JSON."""
        return {
            name: {part: getattr(counts, part).tolist() for part in ("acts", "weight", "squares", "clicked")}
            for name, counts in self.groups.items()
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Hours":
        """Read what as_json wrote."""
        return cls(
            {
                name: Counts(
                    *(np.asarray(told[part], dtype=np.float64)
                      for part in ("acts", "weight", "squares", "clicked"))
                )
                for name, told in data.items()
            }
        )  # fmt: skip


def best(rates: Floats) -> Ints:
    """Return each row's hour of the day with the highest chance, the earliest of equal ones."""
    found: Ints = np.asarray(DAY, dtype=np.int64)[rates[:, list(DAY)].argmax(axis=1)]
    return found


def interval(rate: Floats, strength: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % ranges of chances that stand on so many messages: beta distributions by two moments."""
    half = 1.959964 * np.sqrt(rate * (1 - rate) / (strength + 1))
    return np.maximum(rate - half, 0.0), np.minimum(rate + half, 1.0)


def weights(learned: int, usual: int, *, use: bool = True) -> dict[int, float]:
    """Return the chance of each hour for somebody with this learned and this usual hour.

    While learned hours are not used (`use`), those who would get theirs get the usual time: hours are tried
    all the same.
    """
    chances = dict.fromkeys(DAY, RANDOM / len(DAY))
    chances[usual] = chances.get(usual, 0.0) + USUAL
    follows = learned if use else usual
    chances[follows] = chances.get(follows, 0.0) + 1 - RANDOM - USUAL
    return chances


def _below(own: Counts, above: Belief) -> Belief:
    habit = (own.acts + HABIT * above.habit) / (own.acts.sum() + HABIT)
    before = np.minimum(above.rate * habit / above.habit, 1.0)
    strength = own.sent + GROUP_SENDS
    return Belief((own.clicks + GROUP_SENDS * before) / strength, strength, habit)


def _by_hour(hour: Ints, value: Floats) -> Floats:
    found: Floats = np.bincount(hour, weights=value, minlength=HOURS).astype(np.float64)
    return found
