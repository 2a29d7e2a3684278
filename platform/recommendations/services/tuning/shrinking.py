"""What a decision will bring: the measured effect, drawn towards what such decisions brought so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

#: Fewer past effects than this say nothing about how effects spread.
ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Expected:
    """A measured effect and its standard error, as a share of what stood before: .04 is 4 % more."""

    lift: float
    se: float

    def __post_init__(self) -> None:
        if not self.se > 0:
            raise ValueError(f"An effect has a standard error above 0, not {self.se}.")


@dataclass(frozen=True, slots=True)
class Prior:
    """Where effects of one kind lie and how they spread; `spread` is None while too few are known."""

    mean: float
    spread: float | None
    error: float
    past: int


def prior_of(past: Sequence[Expected]) -> Prior:
    """Return what past effects of a kind say about the next: their mean and the spread between them.

    DerSimonian & Laird 1986 (Controlled Clinical Trials 7): the spread between effects is what their
    scatter exceeds their own errors by. With fewer than three, effects lie around nothing.
    """
    if len(past) < ENOUGH:
        return Prior(0.0, None, 0.0, len(past))
    weights = [1 / one.se**2 for one in past]
    total = sum(weights)
    fixed = sum(w * one.lift for w, one in zip(weights, past, strict=True)) / total
    scatter = sum(w * (one.lift - fixed) ** 2 for w, one in zip(weights, past, strict=True))
    size = total - sum(w**2 for w in weights) / total
    between = max(0.0, (scatter - (len(past) - 1)) / size)
    weights = [1 / (one.se**2 + between) for one in past]
    mean = sum(w * one.lift for w, one in zip(weights, past, strict=True)) / sum(weights)
    return Prior(mean, sqrt(between), sqrt(1 / sum(weights)), len(past))


def shrunk(measured: Expected, past: Sequence[Expected]) -> dict[str, Any]:
    """Return the effect to forecast, with its error and what it was drawn to; plain JSON.

    The posterior mean under a normal prior with the mean and spread of past effects (empirical Bayes: Efron
    & Morris 1975, JASA 70; for lifts of tests Deng 2015, WWW). What was chosen because it looked best
    looks better than it is; this takes that out. While the spread is unknown it is taken as the
    measurement's own error, which halves the effect.
    """
    prior = prior_of(past)
    between = measured.se**2 if prior.spread is None else prior.spread**2
    pull = measured.se**2 / (measured.se**2 + between)
    return {
        "lift": measured.lift,
        "se": measured.se,
        "shrunk": pull * prior.mean + (1 - pull) * measured.lift,
        "shrunk_se": sqrt((1 - pull) * measured.se**2 + (pull * prior.error) ** 2),
        "pull": pull,
        "prior_mean": prior.mean,
        "past": prior.past,
    }
