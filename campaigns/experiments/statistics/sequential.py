"""Inference that holds at every look: watch as often as you like, stop for harm when it shows."""

from dataclasses import dataclass
from math import exp, log, sqrt

from campaigns.experiments.statistics.results import Interval, NotComputableError, Reason, require_alpha


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """Hold the estimate of one look with an interval and p-value valid at all looks together."""

    value: float
    interval: Interval
    p_value: float


def mixture_rho_squared(planned: int, alpha: float = 0.05) -> float:
    """Return the mixture's variance that makes the interval tightest near `planned` units in total.

    (-2 ln alpha + ln(1 - 2 ln alpha)) / N*: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2021,
    arXiv 2103.06476, with the first-order approximation of the Lambert function.
    """
    require_alpha(alpha)
    if planned < 1:
        raise ValueError(f"The planned number of units is at least 1, not {planned}.")
    return (-2 * log(alpha) + log(1 - 2 * log(alpha))) / planned


def always_valid(value: float, se: float, n: int, planned: int, alpha: float = 0.05) -> AlwaysValid:
    """Return the asymptotic confidence sequence at n units of both arms together.

    Waudby-Smith et al. 2021, arXiv 2103.06476, equation 9: half-width =
    se sqrt(n) sqrt(2 (n rho^2 + 1) / (n^2 rho^2) ln(sqrt(n rho^2 + 1) / alpha)); `se` is that of `value`
    at this look, whatever the metric. The p-value is the level at which zero just leaves the interval.
    """
    if se <= 0 or n < 1:
        raise NotComputableError(Reason.ZERO_VARIANCE, "An always valid interval needs units that vary.")
    grown = n * mixture_rho_squared(planned, alpha)
    half = se * sqrt(2 * (grown + 1) / grown * log(sqrt(grown + 1) / alpha))
    z = value / se
    p = min(1.0, exp(log(grown + 1) / 2 - z * z * grown / (2 * (grown + 1))))
    return AlwaysValid(value, Interval(value - half, value + half), p)


def mixture_likelihood_ratio(value: float, variance: float, tau: float) -> float:
    """Return the mSPRT's likelihood ratio of a difference against zero, normal mixture N(0, tau^2).

    Johari, Koomen, Pekelis & Walsh 2022, Operations Research 70; `variance` is that of
    `value`. The always valid p-value of a path of looks is the running minimum of 1 / ratio.
    """
    if variance <= 0 or tau <= 0:
        raise NotComputableError(Reason.ZERO_VARIANCE, "The likelihood ratio needs a variance above zero.")
    total = variance + tau * tau
    return sqrt(variance / total) * exp(value * value * tau * tau / (2 * variance * total))
