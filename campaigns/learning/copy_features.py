"""Which words work: what texts have in common, learned over campaigns, so that one helps the next.

The arms of one test differ in what they say to people whom chance told apart. Each arm's rate, as a log odds,
is the campaign's own level, plus what its features add, plus what is its own alone:

    log odds(arm) = level(campaign) + features(arm) . beta + own(arm)
    beta ~ N(0, SPREAD^2),   own ~ N(0, OWN^2)

A Bayesian linear regression, that is a ridge with error bars (Lindley & Smith 1972, JRSS B 34; Hoerl &
Kennard 1970), in which levels are left free: only arms of one campaign are compared with each other. Arms are
few, so that effects are small and ranges wide; it tells where to begin, and every arm is tested all the same.
What subjects and bodies are like is read by campaigns.learning.copy_reading; both are learned together, since
an arm may differ in both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from campaigns.learning.copy_reading import FEATURES

Floats = npt.NDArray[np.float64]

#: How far one feature moves the odds before anything is known, and what an arm has of its own.
SPREAD, OWN = 0.1, 0.05
#: So many people what is learned of earlier campaigns counts as in a new one: little.
PRIOR_PEOPLE = 50.0


@dataclass(frozen=True, slots=True)
class ArmSeen:
    """What became of one arm: its features, people and how many of them did what is hoped for."""

    features: Mapping[str, float]
    people: float
    did: float


@dataclass(frozen=True, slots=True)
class Guess:
    """By which share an arm's rate is expected to exceed the others' of its test, and the 95 % range."""

    lift: float
    low: float
    high: float


@dataclass(frozen=True)
class CopyBeliefs:
    """Hold the sums of a regression over campaigns: precision, linear term, and how many there were."""

    precision: Floats = field(default_factory=lambda: np.zeros((len(FEATURES), len(FEATURES))))
    linear: Floats = field(default_factory=lambda: np.zeros(len(FEATURES)))
    campaigns: int = 0
    #: In how many of them arms differed in a feature: by name.
    told: Mapping[str, int] = field(default_factory=dict)

    def updated(self, tests: Iterable[Sequence[ArmSeen]]) -> Self:
        """Return the state with these tests, each its arms; one with fewer than two arms tells nothing."""
        precision, linear, count, told = self.precision, self.linear, self.campaigns, dict(self.told)
        for arms in tests:
            seen = [arm for arm in arms if arm.people > 0]
            if len(seen) < 2:
                continue
            x = np.array([_vector(arm.features) for arm in seen])
            did, people = (np.array([getattr(arm, name) for arm in seen]) for name in ("did", "people"))
            odds = np.log((did + 0.5) / (people - did + 0.5))
            weight = 1 / (1 / (did + 0.5) + 1 / (people - did + 0.5) + OWN**2)
            mean = weight @ x / weight.sum()
            apart = x - mean
            precision = precision + (apart.T * weight) @ apart
            linear = linear + (apart.T * weight) @ odds
            count += 1
            for name, column in zip(FEATURES, x.T, strict=True):
                if np.ptp(column) > 0:
                    told[name] = told.get(name, 0) + 1
        return type(self)(precision, linear, count, told)

    def posterior(self) -> tuple[Floats, Floats]:
        """Return mean and covariance of what the features add to the log odds."""
        ridge = self.precision + np.eye(len(FEATURES)) / SPREAD**2
        covariance: Floats = np.linalg.inv(ridge).astype(np.float64)
        mean: Floats = covariance @ self.linear
        return mean, covariance

    def effects(self) -> dict[str, Guess]:
        """Return what each feature is worth, as a share of the rate, all else equal."""
        mean, covariance = self.posterior()
        return {
            name: _guess(float(mean[place]), float(covariance[place, place]))
            for place, name in enumerate(FEATURES)
        }

    def guesses(self, arms: Sequence[Mapping[str, float]]) -> list[Guess]:
        """Return what each arm of a new test is expected to bring against the mean of all its arms."""
        mean, covariance = self.posterior()
        x = np.array([_vector(features) for features in arms])
        apart = x - x.mean(axis=0)
        own = OWN**2 * (1 - 1 / len(arms))
        return [_guess(float(row @ mean), float(row @ covariance @ row) + own) for row in apart]

    def lessons(self, arms: Sequence[Mapping[str, float]]) -> list[str]:
        """Return in which features these arms differ that earlier campaigns told something of."""
        x = np.array([_vector(features) for features in arms])
        return [name for name, column in zip(FEATURES, x.T, strict=True)
                if self.told.get(name) and np.ptp(column) > 0]  # fmt: skip

    def weights(self, arms: Mapping[str, Mapping[str, float]], rate: float) -> dict[str, tuple[float, float]]:
        """Return by arm what it begins with in a bandit at a usual rate: (people, how many of them did)."""
        found = self.guesses(list(arms.values()))
        return {
            key: (PRIOR_PEOPLE, PRIOR_PEOPLE * min(max(rate * (1 + guess.lift), 0.0), 1.0))
            for key, guess in zip(arms, found, strict=True)
        }

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {
            "features": list(FEATURES),
            "precision": self.precision.tolist(),
            "linear": self.linear.tolist(),
            "campaigns": self.campaigns,
            "told": dict(self.told),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what as_json wrote; other features than today's are nothing to go by."""
        if stored.get("features") != list(FEATURES):
            return cls()
        return cls(
            np.array(stored["precision"]), np.array(stored["linear"]), stored["campaigns"], stored["told"]
        )


def _vector(features: Mapping[str, float]) -> list[float]:
    return [float(features.get(name, 0.0)) for name in FEATURES]


def _guess(middle: float, variance: float) -> Guess:
    half = 1.959964 * variance**0.5
    return Guess(*(float(np.expm1(value)) for value in (middle, middle - half, middle + half)))
