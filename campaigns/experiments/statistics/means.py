"""Two means with unequal variances, and the capped twin that one huge order cannot move."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from campaigns.experiments.statistics.moments import Moments
from campaigns.experiments.statistics.proportions import relative_lift, with_t
from campaigns.experiments.statistics.results import (
    Comparison,
    Estimate,
    NotComputableError,
    Reason,
    require_alpha,
    require_arms,
)

MIN_ARM = 10
CAP_QUANTILE = 0.999


def welch_df(variance1: float, n1: int, variance2: float, n2: int) -> float:
    """Return Welch's degrees of freedom (Welch 1947, Biometrika 34). The variances are of single units."""
    a, b = variance1 / n1, variance2 / n2
    return (a + b) ** 2 / (a * a / (n1 - 1) + b * b / (n2 - 1))


def compare_variances(
    mean1: float,
    variance1: float,
    n1: int,
    mean2: float,
    variance2: float,
    n2: int,
    *,
    alpha: float = 0.05,
    lift_means: tuple[float, float] | None = None,
) -> Comparison:
    """Compare two means given the variance of a single unit in each arm (Welch 1947; Deng et al. 2018).

    `lift_means` are the means that a lift is relative to, where they differ from those compared (CUPED).
    Raises NotComputableError: NO_DATA when both are zero without variance, else ZERO_VARIANCE when neither
    arm varies.
    """
    require_alpha(alpha)
    total = variance1 / n1 + variance2 / n2
    if total <= 0:
        if mean1 == mean2 == 0:
            raise NotComputableError(Reason.NO_DATA, "Every value is zero in both arms.")
        raise NotComputableError(Reason.ZERO_VARIANCE, "No value varies: no test can judge the difference.")
    df = welch_df(variance1, n1, variance2, n2)
    difference = with_t(mean2 - mean1, sqrt(total), alpha, df)
    base1, base2 = lift_means or (mean1, mean2)
    lift: Estimate | None = None
    refused: Reason | None = None
    try:
        scale = relative_lift(base1, variance1 / n1, base2, variance2 / n2, alpha=alpha, df=df)
        lift = with_t((mean2 - mean1) / base1, scale.se, alpha, df)
    except NotComputableError as refusal:
        refused = refusal.reason
    return Comparison(mean1, mean2, n1, n2, difference, lift, refused)


def compare_means(
    control: Moments, treatment: Moments, *, alpha: float = 0.05, min_arm: int = MIN_ARM
) -> Comparison:
    """Compare two means (Welch 1947): difference with its t interval, lift by the delta method."""
    require_arms(control.n, treatment.n, max(min_arm, 2))
    return compare_variances(
        control.mean,
        control.variance,
        control.n,
        treatment.mean,
        treatment.variance,
        treatment.n,
        alpha=alpha,
    )


@dataclass(frozen=True, slots=True)
class Capped:
    """Hold a comparison of capped values, the cap, and how many units it touched."""

    comparison: Comparison
    cap: float
    touched: int


def pooled_cap(control: npt.ArrayLike, treatment: npt.ArrayLike, quantile: float = CAP_QUANTILE) -> float:
    """Return the quantile of both arms together, so that one cap holds for both (linear interpolation)."""
    pooled = np.concatenate([np.asarray(control, np.float64), np.asarray(treatment, np.float64)])
    if pooled.size == 0:
        raise NotComputableError(Reason.NO_DATA, "No values yet: a cap needs some.")
    return float(np.quantile(pooled, quantile))


def compare_capped(
    control: npt.ArrayLike,
    treatment: npt.ArrayLike,
    *,
    quantile: float = CAP_QUANTILE,
    alpha: float = 0.05,
    min_arm: int = MIN_ARM,
) -> Capped:
    """Compare means after capping both arms at the pooled quantile (winsorising; Tukey 1962, "The future of
    data analysis").

    The twin stands beside the plain mean: it is biased towards fewer large orders, and far steadier.
    """
    a, b = np.asarray(control, np.float64), np.asarray(treatment, np.float64)
    require_arms(a.size, b.size, max(min_arm, 2))
    cap = pooled_cap(a, b, quantile)
    moments = [Moments.from_values(np.minimum(arm, cap)) for arm in (a, b)]
    touched = int((a > cap).sum() + (b > cap).sum())
    return Capped(compare_means(*moments, alpha=alpha, min_arm=min_arm), cap, touched)
