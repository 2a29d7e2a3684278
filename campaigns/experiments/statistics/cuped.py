"""Less noise from what was known before: CUPED."""

from dataclasses import dataclass

from campaigns.experiments.statistics.means import MIN_ARM, compare_variances
from campaigns.experiments.statistics.moments import JointMoments
from campaigns.experiments.statistics.results import Comparison, require_arms


@dataclass(frozen=True, slots=True)
class CupedComparison:
    """Hold the adjusted comparison, theta, and the share of the difference's variance removed."""

    comparison: Comparison
    theta: float
    variance_reduction: float


def theta_of(control: JointMoments, treatment: JointMoments) -> float:
    """Return cov(y, x) / var(x) over both arms together; 0 where the covariate does not vary."""
    pooled = control + treatment
    return pooled.c / pooled.x.m2 if pooled.x.m2 > 0 else 0.0


def compare_cuped(
    control: JointMoments, treatment: JointMoments, *, alpha: float = 0.05, min_arm: int = MIN_ARM
) -> CupedComparison:
    """Compare means adjusted by a covariate (Deng, Xu, Kohavi & Walker 2013, WSDM).

    y is the metric, x the covariate of the same units, measured strictly before assignment: a covariate
    that the treatment can move biases the estimate. The lift is relative to the unadjusted control mean.
    """
    require_arms(control.n, treatment.n, max(min_arm, 2))
    theta = theta_of(control, treatment)

    def mean(arm: JointMoments) -> float:
        return arm.y.mean - theta * arm.x.mean

    def variance(arm: JointMoments) -> float:
        return max(arm.y.variance + theta * theta * arm.x.variance - 2 * theta * arm.covariance, 0.0)

    comparison = compare_variances(
        mean(control),
        variance(control),
        control.n,
        mean(treatment),
        variance(treatment),
        treatment.n,
        alpha=alpha,
        lift_means=(control.y.mean, treatment.y.mean),
    )
    plain = control.y.mean_variance + treatment.y.mean_variance
    reduction = 1 - comparison.difference.se**2 / plain if plain > 0 else 0.0
    return CupedComparison(comparison, theta, reduction)
