"""Two proportions: the difference with Newcombe's interval, exact tests, and the relative lift."""

from math import sqrt

from scipy import stats

from campaigns.experiments.statistics.results import (
    Comparison,
    Estimate,
    Interval,
    NotComputableError,
    Reason,
    require_alpha,
    require_arms,
)

MIN_ARM = 10


def _check(x: int, n: int) -> None:
    if n < 0 or not 0 <= x <= n:
        raise ValueError(f"Conversions lie between 0 and the number of units, not {x} of {n}.")


def wilson_interval(x: int, n: int, alpha: float = 0.05) -> Interval:
    """Return the score interval of one proportion (Wilson 1927, JASA 22). Needs n >= 1."""
    require_alpha(alpha)
    _check(x, n)
    if n == 0:
        raise NotComputableError(Reason.ARM_TOO_SMALL, "No units yet: a rate needs at least one.")
    z = float(stats.norm.isf(alpha / 2))
    p = x / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At 0 and n the ends are 0 and 1 exactly; the arithmetic above leaves a few units of the last place.
    return Interval(0.0 if x == 0 else centre - half, 1.0 if x == n else centre + half)


def newcombe_interval(x1: int, n1: int, x2: int, n2: int, alpha: float = 0.05) -> Interval:
    """Return the interval of p2 - p1 (Newcombe 1998, Stat. Med. 17:873-890, method 10).

    A hybrid of the two Wilson intervals; stays inside [-1, 1] and holds at zero counts.
    """
    p1, p2 = x1 / n1, x2 / n2
    one, two = wilson_interval(x1, n1, alpha), wilson_interval(x2, n2, alpha)
    d = p2 - p1
    return Interval(
        d - sqrt((p2 - two.low) ** 2 + (one.high - p1) ** 2),
        d + sqrt((two.high - p2) ** 2 + (p1 - one.low) ** 2),
    )


def unpooled_se(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the standard error of p2 - p1 without assuming that they are equal."""
    p1, p2 = x1 / n1, x2 / n2
    return sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)


def two_proportion_z(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the z statistic of p2 - p1 under the pooled rate (its square is Pearson's chi square).

    Raises NotComputableError(ZERO_VARIANCE) when nobody or everybody converted.
    """
    pooled = (x1 + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    if variance == 0:
        raise NotComputableError(Reason.ZERO_VARIANCE, "Nobody or everybody converted in both arms.")
    return (x2 / n2 - x1 / n1) / sqrt(variance)


def fisher_p(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the two-sided p-value of Fisher's exact test (Fisher 1935)."""
    return float(stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])[1])


def p_value(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the two-sided p-value: pooled z, or Fisher's where an expected count is below 5."""
    converted = x1 + x2
    smallest = min(converted, n1 + n2 - converted) * min(n1, n2) / (n1 + n2)
    if smallest < 5:
        return fisher_p(x1, n1, x2, n2)
    return float(2 * stats.norm.sf(abs(two_proportion_z(x1, n1, x2, n2))))


def relative_lift(
    mean1: float,
    variance1: float,
    mean2: float,
    variance2: float,
    *,
    alpha: float = 0.05,
    df: float | None = None,
) -> Estimate:
    """Estimate (mean2 - mean1) / mean1 by the delta method (Deng, Knoblich & Lu 2018, KDD).

    The variances are those of the means. Raises NotComputableError where the control is not positive (the
    sign of a lift would flip) or where no variance is left.
    """
    if mean1 <= 0:
        reason = Reason.CONTROL_WITHOUT_CONVERSIONS if mean1 == 0 else Reason.CONTROL_NOT_POSITIVE
        raise NotComputableError(reason, "A lift needs a control above zero: read the absolute difference.")
    variance = variance2 / mean1**2 + mean2**2 * variance1 / mean1**4
    if variance == 0:
        raise NotComputableError(Reason.ZERO_VARIANCE, "No variance: the lift has no interval.")
    return with_t((mean2 - mean1) / mean1, sqrt(variance), alpha, df)


def with_t(value: float, se: float, alpha: float, df: float | None) -> Estimate:
    """Return the estimate with value +- quantile x se, by the t distribution (normal when df is None).

    Tails come from the survival function, so that a p-value far out is small and not zero.
    """
    law = stats.norm if df is None else stats.t(df)
    half = float(law.isf(alpha / 2)) * se
    p = float(2 * law.sf(abs(value) / se))
    return Estimate(value, se, Interval(value - half, value + half), min(p, 1.0), df)


def compare_proportions(
    x1: int, n1: int, x2: int, n2: int, *, alpha: float = 0.05, min_arm: int = MIN_ARM
) -> Comparison:
    """Compare treatment (x2 of n2) with control (x1 of n1).

    Raises NotComputableError: ARM_TOO_SMALL below `min_arm` units, NO_DATA when nobody converted in either
    arm. Without conversions in the control the lift is None and the absolute difference stands, by
    Newcombe's interval and Fisher's test.
    """
    require_alpha(alpha)
    _check(x1, n1)
    _check(x2, n2)
    require_arms(n1, n2, max(min_arm, 1))
    if x1 + x2 == 0:
        raise NotComputableError(Reason.NO_DATA, "Nobody converted yet in either arm.")
    p1, p2 = x1 / n1, x2 / n2
    difference = Estimate(
        p2 - p1,
        unpooled_se(x1, n1, x2, n2),
        newcombe_interval(x1, n1, x2, n2, alpha),
        p_value(x1, n1, x2, n2),
    )
    lift: Estimate | None = None
    refused: Reason | None = None
    try:
        if p2 in (0.0, 1.0):
            # The delta method would take the treatment's rate for known exactly.
            raise NotComputableError(Reason.TREATMENT_WITHOUT_VARIANCE, "Nobody or everybody converted.")
        lift = relative_lift(p1, p1 * (1 - p1) / n1, p2, p2 * (1 - p2) / n2, alpha=alpha)
    except NotComputableError as refusal:
        refused = Reason.CONTROL_WITHOUT_CONVERSIONS if x1 == 0 else refusal.reason
    return Comparison(p1, p2, n1, n2, difference, lift, refused)
