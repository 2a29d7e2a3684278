"""Whether a shop's own randomised rows say whom to target, and the rule by which that may be used."""

from dataclasses import dataclass

import numpy as np

from recommender.arrays import Bool, Float64, Int32
from recommender.uplift.learners import cross_fitted
from recommender.uplift.quality import qini, qini_curve, uplift_at
from recommender.validation.bootstrap import Interval

#: Fewer outcomes in the smaller group, and no ranking of effects can be told from chance.
FLOOR = 100
RESAMPLES = 400


@dataclass(frozen=True)
class Trial:
    """Randomised rows: what was known before (rows x features), who was treated, and what came of it.

    ``came`` is 1 for the outcome (a purchase within the window) and 0 otherwise; ``people`` is a number
    per person, as one may stand in several campaigns. ``chance`` is each row's chance of being treated,
    known and between 0 and 1; without it all had the same one.
    """

    names: tuple[str, ...]
    values: Float64
    came: Float64
    treated: Bool
    people: Int32
    chance: Float64 | None = None

    def __post_init__(self) -> None:
        if self.chance is not None and not ((self.chance > 0) & (self.chance < 1)).all():
            raise ValueError("Who was sure to be treated, or sure not to be, tells of no effect.")

    @property
    def weight(self) -> Float64:
        """Return how much each row counts, one on the mean of each group.

        By the inverse of the chance of what happened, stabilised by the group's share (Robins, Hernán and
        Brumback 2000, Epidemiology 11:550-560): so both groups are the same mixture of campaigns, however
        many each of these left alone. All ones where all had the same chance.
        """
        if self.chance is None or not len(self.came):
            return np.ones(len(self.came))
        share = float(self.chance.mean())
        counts: Float64 = np.where(self.treated, share / self.chance, (1 - share) / (1 - self.chance))
        return counts

    @property
    def outcomes(self) -> int:
        """Return the outcomes of the group with fewer."""
        return int(min(self.came[self.treated].sum(), self.came[~self.treated].sum()))


@dataclass(frozen=True)
class Evidence:
    """What the rows say. ``ships`` only where the reason is empty; then effects may steer who gets what.

    ``qini`` is that of effects told by models that did not see the person; ``over_response`` and
    ``over_single`` are its lead over targeting by the chance of the outcome and by the best single
    feature, paired by person. ``effect`` is the mean effect, ``at_30`` that on the best 30 %. ``curve``
    is the Qini curve: (share of the people from the top, outcomes more per treated person).
    """

    rows: int
    outcomes: int
    effect: float
    qini: Interval | None
    over_response: Interval | None
    over_single: Interval | None
    single: str
    at_30: float
    reason: str
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def ships(self) -> bool:
        """Say whether effects may be used."""
        return not self.reason


def judge(trial: Trial, seed: int = 0, resamples: int = RESAMPLES) -> Evidence:
    """Cross-fit an X-learner on a trial and ask whether its ranking is better than chance and than habit.

    It ships only if the 95 % interval of its Qini coefficient lies above zero, and so do those of its
    leads over the response model and over the best single feature (found on other people than it is
    asked about). 64,000 rows take about 40 s of one core.
    """
    outcomes = trial.outcomes if trial.treated.any() and not trial.treated.all() else 0
    if outcomes < FLOOR:
        return Evidence(len(trial.came), outcomes, float("nan"), None, None, None, "", float("nan"), "few")
    came, treated, counts = trial.came, trial.treated, trial.weight
    rates = [np.average(came[group], weights=counts[group]) for group in (treated, ~treated)]
    effect = float(rates[0] - rates[1])
    told, chance = cross_fitted(trial.values, came, treated, trial.people, seed=seed, weight=counts)
    single, name = _single(trial, seed)
    found = [qini(came, treated, said, counts) for said in (told, chance, single)]
    drawn = np.empty((resamples, 3))
    random = np.random.default_rng(seed)
    size = int(trial.people.max()) + 1
    for number in range(resamples):
        weight = np.bincount(random.integers(0, size, size), minlength=size)[trial.people].astype(np.float64)
        drawn[number] = [qini(came, treated, said, weight * counts) for said in (told, chance, single)]
    own = _interval(drawn[:, 0], found[0])
    over_response = _interval(drawn[:, 0] - drawn[:, 1], found[0] - found[1])
    over_single = _interval(drawn[:, 0] - drawn[:, 2], found[0] - found[2])
    reason = ""
    if own.low <= 0:
        reason = "no_gain"
    elif over_response.low <= 0:
        reason = "no_better_than_response"
    elif over_single.low <= 0:
        reason = "no_better_than_single"
    return Evidence(
        len(came),
        outcomes,
        effect,
        own,
        over_response,
        over_single,
        name,
        uplift_at(came, treated, told, weight=counts),
        reason,
        _curve(trial, told),
    )


def _curve(trial: Trial, said: Float64) -> tuple[tuple[float, float], ...]:
    """Return the Qini curve at every twentieth of the people."""
    people, more = qini_curve(trial.came, trial.treated, said, trial.weight)
    shares = np.linspace(0, 1, 21)
    gained = np.interp(shares * people[-1], people, more) / trial.weight[trial.treated].sum()
    return tuple((round(float(x), 2), float(y)) for x, y in zip(shares, gained, strict=True))


def _single(trial: Trial, seed: int) -> tuple[Float64, str]:
    """Return the ranking by the feature and direction that is best on the other half of the people."""
    half = np.random.default_rng(seed + 1).permutation(int(trial.people.max()) + 1)[trial.people] % 2
    said, names, counts = np.empty(len(trial.came)), [], trial.weight
    filled = np.where(np.isnan(trial.values), np.nanmedian(trial.values, axis=0), trial.values)
    for side in (0, 1):
        known, asked = half != side, half == side
        score = {
            (sign, place): qini(
                trial.came[known], trial.treated[known], sign * filled[known, place], counts[known]
            )
            for place in range(filled.shape[1])
            for sign in (1, -1)
        }
        sign, place = max(score, key=lambda key: score[key])
        # Ranks, so that both halves' features stand on one scale.
        order = np.argsort(np.argsort(sign * filled[asked, place], kind="stable"), kind="stable")
        said[asked] = order / max(int(asked.sum()), 1)
        names.append(f"{'-' if sign < 0 else ''}{trial.names[place]}")
    return said, names[0] if names[0] == names[1] else " / ".join(names)


def _interval(drawn: Float64, value: float) -> Interval:
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))
