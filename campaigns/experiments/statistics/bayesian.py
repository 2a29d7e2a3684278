"""Chance to win and risk, for display only: neither ever decides (at any look it errs 38 to 62 %)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import special, stats

from campaigns.experiments.statistics.moments import Floats
from campaigns.experiments.statistics.quadrature import panels
from campaigns.experiments.statistics.results import Interval, NotComputableError, Reason, require_alpha

NODES = 40
# Where an arm's mass is cut, in standard deviations; a posterior of few conversions has a long right tail.
SPREAD = (-12, -6, -3, -1, 1, 3, 6, 12, 25, 50)


@dataclass(frozen=True, slots=True)
class Belief:
    """Hold a posterior of the difference, in words that a marketer reads.

    `risk_treatment` is what taking the treatment loses on average, E[max(-d, 0)]; `risk_control` what
    keeping the control loses, E[max(d, 0)].
    """

    value: float
    interval: Interval | None
    chance_to_win: float
    risk_treatment: float
    risk_control: float


def normal_belief(
    value: float, se: float, *, prior_mean: float = 0.0, prior_sd: float | None = None, alpha: float = 0.05
) -> Belief:
    """Return the posterior of a normal effect; without `prior_sd` the prior is flat.

    Conjugate normal update (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.5); the risk is the
    mean of a normal above zero (Stucchio 2015, "Bayesian A/B testing at VWO").
    """
    require_alpha(alpha)
    if se <= 0:
        raise NotComputableError(Reason.ZERO_VARIANCE, "A chance to win needs units that vary.")
    mean, sd = value, se
    if prior_sd is not None:
        data, prior = 1 / se**2, 1 / prior_sd**2
        mean = (value * data + prior_mean * prior) / (data + prior)
        sd = sqrt(1 / (data + prior))
    half = float(stats.norm.isf(alpha / 2)) * sd
    z = mean / sd
    density = sd * float(stats.norm.pdf(z))
    up = density + mean * float(stats.norm.cdf(z))
    down = density - mean * float(stats.norm.sf(z))
    return Belief(
        mean, Interval(mean - half, mean + half), float(stats.norm.cdf(z)), max(down, 0.0), max(up, 0.0)
    )


@dataclass(frozen=True, slots=True)
class Beta:
    """Hold a Beta posterior of a rate; `a` and `b` need not be whole numbers."""

    a: float = 1.0
    b: float = 1.0

    def __post_init__(self) -> None:
        if not (self.a > 0 and self.b > 0):
            raise ValueError(f"A Beta needs both parameters above 0, not {self.a} and {self.b}.")

    @classmethod
    def from_counts(cls, x: float, n: float) -> "Beta":
        """Return the posterior of x conversions of n under the uniform prior."""
        return cls(1 + x, 1 + n - x)

    @property
    def mean(self) -> float:
        """Return a / (a + b)."""
        return self.a / (self.a + self.b)

    @property
    def sd(self) -> float:
        """Return the standard deviation."""
        return sqrt(self.mean * (1 - self.mean) / (self.a + self.b + 1))


def _grid(arms: Sequence[Beta]) -> tuple[Floats, Floats]:
    """Return Gauss-Legendre nodes and weights on pieces cut where each arm's mass lies."""
    cuts = {0.0, 1.0}
    for arm in arms:
        cuts.update(min(max(arm.mean + k * arm.sd, 0.0), 1.0) for k in SPREAD)
    return panels(sorted(cuts), NODES)


def prob_best(arms: Sequence[Beta]) -> tuple[float, ...]:
    """Return the chance of each arm to have the highest rate: the integral of f_i times the others' F.

    Numerical integration of the formula in Scott 2010 ("A modern Bayesian look at the multi-armed
    bandit"), good to about 1e-9 for posteriors from some tens of units on.
    """
    if not arms:
        raise ValueError("At least one arm is needed.")
    if len(arms) == 1:
        return (1.0,)
    x, w = _grid(arms)
    cdf = np.stack([special.betainc(arm.a, arm.b, x) for arm in arms])
    result = []
    for i, arm in enumerate(arms):
        others = np.prod(np.delete(cdf, i, axis=0), axis=0)
        result.append(float((stats.beta.pdf(x, arm.a, arm.b) * others) @ w))
    return tuple(result)


def beta_belief(control: Beta, treatment: Beta) -> Belief:
    """Return chance to win and risk of two rates with Beta posteriors.

    E[max(treatment - control, 0)] is the integral of F_control (1 - F_treatment) over [0, 1]. Mind the
    prior: an empty arm still gets a chance to win, so refuse below a minimum n before asking.
    """
    x, w = _grid((control, treatment))
    fc, ft = special.betainc(control.a, control.b, x), special.betainc(treatment.a, treatment.b, x)
    sc, st = special.betaincc(control.a, control.b, x), special.betaincc(treatment.a, treatment.b, x)
    win = float((stats.beta.pdf(x, treatment.a, treatment.b) * fc) @ w)
    return Belief(
        treatment.mean - control.mean,
        None,
        min(win, 1.0),
        risk_treatment=float((ft * sc) @ w),
        risk_control=float((fc * st) @ w),
    )
