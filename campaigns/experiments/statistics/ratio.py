"""Ratio metrics whose denominator is random too: clicks per message, margin per order."""

from campaigns.experiments.statistics.means import MIN_ARM, compare_variances
from campaigns.experiments.statistics.moments import JointMoments
from campaigns.experiments.statistics.results import Comparison, NotComputableError, Reason, require_arms


def ratio_variance(arm: JointMoments) -> float:
    """Return the variance that one unit adds to sum(y) / sum(x), by the delta method.

    Deng, Knoblich & Lu 2018, KDD: (s_y^2 - 2 r s_xy + r^2 s_x^2) / mean(x)^2. Dividing by the
    number of rows instead of units (the naive error) would be too small, since a person's rows are alike.
    """
    if arm.x.mean <= 0:
        raise NotComputableError(Reason.NO_DATA, "The denominator of the ratio is zero so far.")
    r = arm.y.mean / arm.x.mean
    return (arm.y.variance - 2 * r * arm.covariance + r * r * arm.x.variance) / arm.x.mean**2


def compare_ratios(
    control: JointMoments, treatment: JointMoments, *, alpha: float = 0.05, min_arm: int = MIN_ARM
) -> Comparison:
    """Compare sum(y) / sum(x) of two arms; y is the numerator, x the denominator, n counts units."""
    require_arms(control.n, treatment.n, max(min_arm, 2))
    variances = ratio_variance(control), ratio_variance(treatment)
    return compare_variances(
        control.y.mean / control.x.mean,
        max(variances[0], 0.0),
        control.n,
        treatment.y.mean / treatment.x.mean,
        max(variances[1], 0.0),
        treatment.n,
        alpha=alpha,
    )
