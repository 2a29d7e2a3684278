"""Guardrails: is the harm ruled out, proven, or not yet known?"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Literal

from scipy import stats

from campaigns.experiments.statistics.moments import Moments
from campaigns.experiments.statistics.proportions import MIN_ARM, newcombe_interval, unpooled_se
from campaigns.experiments.statistics.results import NotComputableError, Reason, require_alpha, require_arms

Bad = Literal["increase", "decrease"]


class Guard(StrEnum):
    """Say what is known about a guardrail."""

    SAFE = "safe"
    HARMED = "harmed"
    UNKNOWN = "not yet known"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """Hold a guardrail's test. `harm` counts in the bad direction, in the metric's unit.

    `p_safe` tests that the harm is at least the margin, `p_harmed` that it is at most the margin;
    `upper` is the one-sided upper limit of the harm.
    """

    harm: float
    margin: float
    z: float
    p_safe: float
    p_harmed: float
    upper: float
    status: Guard


def guard(
    harm: float, se: float, margin: float, *, alpha: float = 0.05, upper: float | None = None
) -> Guardrail:
    """Judge a harm against its margin, one-sided in each direction.

    Non-inferiority as in Schultzberg, Ankargren & Frånberg 2024 (arXiv 2402.11609, Spotify); z =
    (harm - margin) / se. Raises NotComputableError(ZERO_VARIANCE) when `se` is 0.
    """
    require_alpha(alpha)
    if margin < 0:
        raise ValueError(f"A margin is the harm still tolerated, 0 or more, not {margin}.")
    if se <= 0:
        raise NotComputableError(Reason.ZERO_VARIANCE, "A guardrail needs units that vary.")
    z = (harm - margin) / se
    p_safe, p_harmed = float(stats.norm.cdf(z)), float(stats.norm.sf(z))
    status = Guard.SAFE if p_safe < alpha else Guard.HARMED if p_harmed < alpha else Guard.UNKNOWN
    if upper is None:
        upper = harm + float(stats.norm.isf(alpha)) * se
    return Guardrail(harm, margin, z, p_safe, p_harmed, upper, status)


def guard_proportions(
    x1: int,
    n1: int,
    x2: int,
    n2: int,
    *,
    margin: float,
    bad: Bad = "increase",
    alpha: float = 0.05,
    min_arm: int = MIN_ARM,
) -> Guardrail:
    """Judge a rate (unsubscribe, complaint, bounce) against an absolute margin.

    Wald's z with the unpooled error; the upper limit is Newcombe's (1998), one-sided. Without a single
    event in either arm the limit alone decides, since the error is 0.
    """
    require_arms(n1, n2, max(min_arm, 1))
    interval = newcombe_interval(x1, n1, x2, n2, 2 * alpha)
    harm = x2 / n2 - x1 / n1
    if bad == "decrease":
        harm, interval = -harm, interval.mirrored()
    se = unpooled_se(x1, n1, x2, n2)
    if se == 0:
        safe, harmed = interval.high < margin, interval.low > margin
        status = Guard.SAFE if safe else Guard.HARMED if harmed else Guard.UNKNOWN
        return Guardrail(harm, margin, 0.0, float(not safe), float(not harmed), interval.high, status)
    return guard(harm, se, margin, alpha=alpha, upper=interval.high)


def guard_relative_mean(
    control: Moments,
    treatment: Moments,
    *,
    margin: float,
    bad: Bad = "decrease",
    alpha: float = 0.05,
    min_arm: int = MIN_ARM,
) -> Guardrail:
    """Judge a mean (revenue per recipient) against a relative margin, .02 for 2 %.

    Tests the linear contrast mean2 - (1 -+ margin) mean1, which needs no ratio (Laster & Johnson 2003,
    Stat. Med. 22:187-200). `harm` and `upper` are shares of the control's mean.
    """
    require_arms(control.n, treatment.n, max(min_arm, 2))
    if control.mean <= 0:
        raise NotComputableError(Reason.CONTROL_NOT_POSITIVE, "A relative margin needs a control above zero.")
    sign = 1.0 if bad == "increase" else -1.0
    factor = 1 + sign * margin
    se = sqrt(treatment.mean_variance + factor**2 * control.mean_variance)
    beyond = sign * (treatment.mean - factor * control.mean)
    result = guard(beyond / control.mean, se / control.mean, 0.0, alpha=alpha)
    return Guardrail(
        beyond / control.mean + margin,
        margin,
        result.z,
        result.p_safe,
        result.p_harmed,
        result.upper + margin,
        result.status,
    )
