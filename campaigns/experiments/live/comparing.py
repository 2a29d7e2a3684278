"""One metric of two groups compared, from their tallies: estimates, intervals, twins, guardrails."""

from collections.abc import Callable, Mapping
from typing import Any

from campaigns.experiments.statistics.bandit import Tally
from campaigns.experiments.statistics.bayesian import beta_belief, normal_belief
from campaigns.experiments.statistics.cuped import compare_cuped
from campaigns.experiments.statistics.means import compare_means
from campaigns.experiments.statistics.moments import JointMoments, from_dict
from campaigns.experiments.statistics.noninferiority import (
    Bad,
    Guard,
    guard,
    guard_proportions,
    guard_relative_mean,
)
from campaigns.experiments.statistics.proportions import compare_proportions
from campaigns.experiments.statistics.quantiles import Quantile, compare_quantiles
from campaigns.experiments.statistics.ratio import compare_ratios
from campaigns.experiments.statistics.results import Comparison, Estimate, NotComputableError, Reason
from campaigns.experiments.statistics.sequential import always_valid

JSON = dict[str, Any]


def measured(metric: JSON, one: JSON, two: JSON, alpha: float, planned: int) -> JSON:
    """Return everything that is said of a metric of two groups, or the reason why nothing can be."""
    entry: JSON = {"measure": metric["measure"], "kind": metric["kind"], "good": metric["good"]}
    try:
        found = COMPARE[metric["kind"]](one, two, alpha)
    except NotComputableError as refused:
        return entry | {"reason": refused.reason.value}
    entry |= _figures(found)
    try:
        valid = always_valid(
            found.difference.value, found.difference.se, found.n_control + found.n_treatment, planned, alpha
        )
        entry["always_valid"] = [valid.interval.low, valid.interval.high]
        entry["always_p"] = valid.p_value
    except NotComputableError:
        pass
    entry |= _belief(metric, one, two, found)
    for name, twin in (("capped", _capped), ("cuped", _cuped)):
        try:
            if (extra := twin(one, two, alpha)) is not None:
                entry[name] = extra
        except NotComputableError:
            continue
    return entry


def _figures(found: Comparison) -> JSON:
    entry: JSON = {
        "control": found.control,
        "treatment": found.treatment,
        "n": [found.n_control, found.n_treatment],
        "difference": found.difference.value,
        "se": found.difference.se,
        "interval": [found.difference.interval.low, found.difference.interval.high],
        "p_value": found.difference.p_value,
    }
    if found.lift is not None:
        entry["lift"] = _range(found.lift)
    else:
        entry["lift_reason"] = (found.lift_refused or Reason.CONTROL_NOT_POSITIVE).value
    return entry


def _range(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.interval.low, estimate.interval.high]


def _proportions(one: JSON, two: JSON, alpha: float) -> Comparison:
    return compare_proportions(one["x"], one["n"], two["x"], two["n"], alpha=alpha)


def _means(one: JSON, two: JSON, alpha: float) -> Comparison:
    return compare_means(from_dict(one["plain"]), from_dict(two["plain"]), alpha=alpha)


def _ratios(one: JSON, two: JSON, alpha: float) -> Comparison:
    return compare_ratios(joint_from(one), joint_from(two), alpha=alpha)


def _quantiles(one: JSON, two: JSON, alpha: float) -> Comparison:
    for entry in (one, two):
        if "value" not in entry:
            raise NotComputableError(Reason.ARM_TOO_SMALL, "Too few values for an interval of a quantile.")
    return compare_quantiles(Quantile(**one), Quantile(**two), alpha=alpha)


#: How each kind of metric is compared.
COMPARE: dict[str, Callable[[JSON, JSON, float], Comparison]] = {
    "proportion": _proportions,
    "mean": _means,
    "ratio": _ratios,
    "quantile": _quantiles,
}


def _capped(one: JSON, two: JSON, alpha: float) -> JSON | None:
    if "capped" not in one:
        return None
    found = compare_means(from_dict(one["capped"]), from_dict(two["capped"]), alpha=alpha)
    return _figures(found) | {"cap": one["cap"], "touched": one["touched"] + two["touched"]}


def _cuped(one: JSON, two: JSON, alpha: float) -> JSON | None:
    if "joint" not in one:
        return None
    found = compare_cuped(joint_from(one["joint"]), joint_from(two["joint"]), alpha=alpha)
    return _figures(found.comparison) | {"theta": found.theta, "removed": found.variance_reduction}


def joint_from(data: Mapping[str, Any]) -> JointMoments:
    """Read what tallies.joint_dict wrote."""
    return JointMoments(from_dict(data["y"]), from_dict(data["x"]), float(data["c"]))


def _belief(metric: JSON, one: JSON, two: JSON, found: Comparison) -> JSON:
    """Return the chance to be better and the risk of taking it, for display only."""
    try:
        if metric["kind"] == "proportion":
            belief = beta_belief(*(Tally(arm["x"], arm["n"]).posterior() for arm in (one, two)))
        else:
            belief = normal_belief(found.difference.value, found.difference.se)
    except NotComputableError:
        return {}
    less = metric["good"] == "decrease"
    return {
        "chance": 1 - belief.chance_to_win if less else belief.chance_to_win,
        "risk": belief.risk_control if less else belief.risk_treatment,
    }


def guarded(metric: JSON, one: JSON, two: JSON, alpha: float) -> JSON:
    """Say whether the harm of a guardrail is ruled out, proven or not yet known."""
    entry: JSON = {"measure": metric["measure"], "margin": metric["margin"], "relative": metric["relative"]}
    bad: Bad = "decrease" if metric["good"] == "increase" else "increase"
    try:
        if metric["kind"] == "proportion":
            found = guard_proportions(
                one["x"], one["n"], two["x"], two["n"], margin=metric["margin"], bad=bad, alpha=alpha
            )
        elif metric["kind"] == "mean" and metric["relative"]:
            found = guard_relative_mean(
                from_dict(one["plain"]),
                from_dict(two["plain"]),
                margin=metric["margin"],
                bad=bad,
                alpha=alpha,
            )
        else:
            compared = COMPARE[metric["kind"]](one, two, alpha)
            harm = compared.difference.value * (1 if bad == "increase" else -1)
            found = guard(harm, compared.difference.se, metric["margin"], alpha=alpha)
    except NotComputableError as refused:
        return entry | {"status": Guard.UNKNOWN.value, "reason": refused.reason.value}
    return entry | {
        "status": found.status.value,
        "harm": found.harm,
        "upper": found.upper,
        "p_safe": found.p_safe,
        "p_harmed": found.p_harmed,
    }


def size(entry: JSON) -> int:
    """Return the units of a tally."""
    if "plain" in entry:
        return int(entry["plain"]["n"])
    return int(entry["y"]["n"] if "y" in entry else entry["n"])
