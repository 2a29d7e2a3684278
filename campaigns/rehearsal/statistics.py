"""What to expect next time, of what came out at earlier times: plain Python and numpy.

Times differ by more than chance: seasons, prices, other campaigns. So each is one draw from a population with
a spread of its own (normal-normal hierarchical model; Higgins, Thompson & Spiegelhalter 2009, J. R. Statist.
Soc. A 172), and the interval is that of the next draw. The spread is integrated out over a half-normal prior
(Röver et al. 2021, Research Synthesis Methods 12), which matters since there are only a handful of times.
Shares are modelled as log-odds, amounts as logarithms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p, sqrt

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import halfnorm

Floats = npt.NDArray[np.float64]

#: The share of futures that an interval is meant to hold.
LEVEL = 0.8
#: Scale of the half-normal prior of the spread, in log-odds or logarithms: times commonly differ by less
#: than a factor of two (Röver et al. 2021, section 4).
SPREAD = 0.5
#: How much the share that buys differs from time to time, on the same scale: less than campaigns do.
SHARE_SPREAD = 0.15
#: An audience is mostly the same people from time to time, so of the chance between samples of people only
#: half is met again. Chosen so that four of five intervals held on Complete Journey (docs/rehearsal.md).
RETURNING = 0.5
#: Points of the grid over the spread.
_POINTS = 48


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one time said, on the scale of the model, and the variance of that by chance alone."""

    value: float
    variance: float

    def returning(self) -> "Estimate":
        """Return the same of people most of whom are met again."""
        return Estimate(self.value, RETURNING * self.variance)


@dataclass(frozen=True, slots=True)
class Prior:
    """What is assumed before anything was seen: where the middle lies, and how sure that is."""

    mean: float
    sd: float
    spread: float = SPREAD


@dataclass(frozen=True, slots=True)
class Prediction:
    """The next draw on the scale of the model: a mixture of normals, a component for each spread."""

    weights: Floats
    means: Floats
    variances: Floats

    @property
    def mean(self) -> float:
        """Return the mean."""
        return float(self.weights @ self.means)

    @property
    def sd(self) -> float:
        """Return the standard deviation."""
        second = self.weights @ (self.variances + self.means**2)
        return sqrt(max(float(second) - self.mean**2, 0.0))

    def with_noise(self, variance: float) -> "Prediction":
        """Return what will be seen of the next draw, with the chance of a finite number of people."""
        return Prediction(self.weights, self.means, self.variances + variance)

    def quantile(self, p: float) -> float:
        """Return the p-quantile, by bisection."""
        sds = np.sqrt(self.variances)
        low, high = float((self.means - 12 * sds).min()), float((self.means + 12 * sds).max())
        if high - low < 1e-12:
            return self.mean
        return float(brentq(lambda x: float(self.weights @ ndtr((x - self.means) / sds)) - p, low, high))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return the interval that leaves out as much on either side."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


def predict(estimates: Sequence[Estimate], prior: Prior) -> Prediction:
    """Return the next draw from the population that the estimates were drawn from.

    Without estimates it is the prior's own. Some 48 × the number of estimates operations.
    """
    spreads = halfnorm.ppf((np.arange(_POINTS) + 0.5) / _POINTS, scale=prior.spread)
    values = np.array([e.value for e in estimates])
    variances = np.array([e.variance for e in estimates])
    total = variances[None, :] + spreads[:, None] ** 2
    precision = 1 / prior.sd**2 + (1 / total).sum(axis=1)
    means = (prior.mean / prior.sd**2 + (values[None, :] / total).sum(axis=1)) / precision
    # The marginal likelihood of the values under each spread, the middle integrated out.
    fit = -0.5 * (
        np.log(total).sum(axis=1)
        + np.log(precision)
        + (values[None, :] ** 2 / total).sum(axis=1)
        - precision * means**2
    )
    weights = np.exp(fit - fit.max())
    return Prediction(weights / weights.sum(), means, 1 / precision + spreads**2)


def share_estimate(events: float, people: int) -> Estimate:
    """Return the log-odds of a share with its variance; half a person is added to either side (Haldane)."""
    yes, no = events + 0.5, people - events + 0.5
    return Estimate(log(yes / no), 1 / yes + 1 / no)


def amount_estimate(mean: float, se: float) -> Estimate | None:
    """Return the logarithm of a mean amount with its variance by the delta method; None for no amount."""
    if mean <= 0:
        return None
    return Estimate(log(mean), log1p((se / mean) ** 2))


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with the interval that should hold four of five futures."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Range":
        """Return the range of a multiple."""
        return Range(self.value * factor, self.low * factor, self.high * factor)


def share_of(prediction: Prediction, people: int, noise: float = 1.0) -> Range:
    """Return how many of so many people will, as their share. Nobody has none.

    `noise` is the part of the chance between samples of people that counts (see RETURNING).
    """
    if people <= 0:
        return Range(0.0, 0.0, 0.0)
    middle = expit(prediction.quantile(0.5))
    chance = noise / max(people * middle * (1 - middle), 1.0)
    low, high = prediction.with_noise(chance).interval()
    return Range(middle, expit(low), expit(high))


def amount_of(prediction: Prediction, people: int, variation: float, noise: float = 1.0) -> Range:
    """Return the mean amount of so many people; `variation` is a person's standard deviation ÷ mean."""
    if people <= 0:
        return Range(0.0, 0.0, 0.0)
    low, high = prediction.with_noise(noise * log1p(variation**2 / people)).interval()
    return Range(exp(prediction.quantile(0.5)), exp(low), exp(high))


def difference_of(estimates: Sequence[Estimate], *, sd: float, spread: float) -> Range:
    """Return the next difference, shrunk towards none: `sd` says how large ones commonly are."""
    found = predict(estimates, Prior(0.0, sd, spread))
    low, high = found.interval()
    return Range(found.quantile(0.5), low, high)


def expit(x: float) -> float:
    """Return the share of some log-odds."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def logit(p: float) -> float:
    """Return the log-odds of a share."""
    return log(p / (1 - p))
