"""From sufficient statistics to results: a pure function, so that a stored look can be computed again.

What cannot be computed says why, in the words of statistics.results.Reason.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from campaigns.experiments.live.tallies import HELD, WRITTEN
from campaigns.experiments.statistics.bandit import Tally
from campaigns.experiments.statistics.bayesian import beta_belief, normal_belief
from campaigns.experiments.statistics.cuped import compare_cuped
from campaigns.experiments.statistics.means import compare_means
from campaigns.experiments.statistics.moments import JointMoments, Moments, from_dict
from campaigns.experiments.statistics.multiplicity import benjamini_hochberg, holm
from campaigns.experiments.statistics.noninferiority import (
    Bad,
    Guard,
    guard,
    guard_proportions,
    guard_relative_mean,
)
from campaigns.experiments.statistics.proportions import (
    compare_proportions,
    two_proportion_z,
    wilson_interval,
)
from campaigns.experiments.statistics.quantiles import Quantile, compare_quantiles
from campaigns.experiments.statistics.ratio import compare_ratios
from campaigns.experiments.statistics.results import Comparison, Estimate, NotComputableError, Reason
from campaigns.experiments.statistics.sample_ratio import check_sample_ratio
from campaigns.experiments.statistics.sequential import always_valid
from campaigns.experiments.statistics.spending import repeated_interval, spending_bounds
from campaigns.experiments.statistics.verdict import Look, Outcome, Verdict, decide

JSON = dict[str, Any]

#: The code that judges; a look computed again by another version may differ.
VERSION = "2"


def judge(statistics: Mapping[str, Any]) -> JSON:
    """Return the results of a look from its sufficient statistics alone."""
    design = statistics["design"]
    arms: list[JSON] = design["arms"]
    control = next(arm["key"] for arm in arms if arm["is_control"])
    treatments = [arm["key"] for arm in arms if not arm["is_control"]]
    ratio = _sample_ratio(statistics)
    pairs = [(control, key) for key in treatments]
    if statistics["counts"]["met"].get(HELD):
        pairs.append((HELD, WRITTEN))
    comparisons = [_compare(statistics, base, other) for base, other in pairs]
    deciding = [c for c in comparisons if c["control"] != HELD] or comparisons
    _adjust(deciding, design["alpha"])
    _decide(deciding, statistics, ratio["clean"])
    lead = _lead(deciding)
    primary = lead["primary"] if lead else {}
    return {
        "kind": "live",
        "measure": next(m["measure"] for m in design["metrics"] if m["role"] == "primary"),
        "window_days": next(m["window_days"] for m in design["metrics"] if m["role"] == "primary"),
        "variants": [_variant(statistics, arm, control) for arm in arms],
        "held_out": _group(statistics, HELD) if statistics["counts"]["met"].get(HELD) else None,
        "incremental": _incremental(statistics, HELD, WRITTEN),
        "comparisons": comparisons,
        "lead": lead["treatment"] if lead else None,
        "verdict": lead["verdict"] if lead else Verdict.NO_DIFFERENCE.value,
        "outcome": lead["outcome"] if lead else Outcome.CONTINUE.value,
        "winner": lead["treatment"] if lead and lead["ships"] else None,
        "difference": primary.get("difference"),
        "interval": primary.get("interval"),
        "p_value": primary.get("p_value"),
        "sample_ratio": ratio,
    }


def explore(statistics: Mapping[str, Any], base: str, other: str) -> list[JSON]:
    """Return the primary's difference by segment, for exploring: p-values adjusted for their number (BH)."""
    design = statistics["design"]
    metric = next(m for m in design["metrics"] if m["role"] == "primary")
    found = []
    for segment in statistics["segments"]:
        one, two = segment["tallies"][base], segment["tallies"][other]
        entry = _measured(metric, one, two, design["alpha"], statistics["planned_people"])
        found.append({"name": segment["name"], "n": [_size(one), _size(two)]} | entry)
    judged = [entry for entry in found if "p_value" in entry]
    adjusted = benjamini_hochberg([entry["p_value"] for entry in judged], design["alpha"])
    for entry, p in zip(judged, adjusted.p_values, strict=True):
        entry["p_adjusted"] = p
    return found


def _compare(statistics: Mapping[str, Any], base: str, other: str) -> JSON:
    """Compare two groups on every metric; what needs a message is not asked of people held out."""
    design = statistics["design"]
    found: JSON = {"control": base, "treatment": other, "primary": {}, "metrics": [], "guardrails": []}
    split = design["alpha"] / max(1, sum(not arm["is_control"] for arm in design["arms"]))
    for metric, tallies in zip(design["metrics"], statistics["tallies"], strict=True):
        if base == HELD and metric["of_messages"]:
            continue
        one, two = tallies["met"][base], tallies["met"][other]
        if metric["role"] == "guardrail":
            found["guardrails"].append(_guard(metric, one, two, design["alpha"]))
            continue
        entry = _measured(metric, one, two, design["alpha"], statistics["planned_people"])
        entry["role"] = metric["role"]
        if metric["role"] == "primary":
            entry |= _sequential(metric, tallies["closed"], base, other, statistics, split)
            found["primary"] = entry
        found["metrics"].append(entry)
    secondary = [m for m in found["metrics"] if m["role"] == "secondary" and "p_value" in m]
    adjusted = benjamini_hochberg([m["p_value"] for m in secondary], design["alpha"])
    for entry, p in zip(secondary, adjusted.p_values, strict=True):
        entry["p_adjusted"] = p
    return found


def _measured(metric: JSON, one: JSON, two: JSON, alpha: float, planned: int) -> JSON:
    entry: JSON = {"measure": metric["measure"], "kind": metric["kind"], "good": metric["good"]}
    try:
        found = _COMPARE[metric["kind"]](one, two, alpha)
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


_COMPARE: dict[str, Callable[[JSON, JSON, float], Comparison]] = {
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


def _guard(metric: JSON, one: JSON, two: JSON, alpha: float) -> JSON:
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
            compared = _COMPARE[metric["kind"]](one, two, alpha)
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


def _sequential(
    metric: JSON, closed: JSON, base: str, other: str, statistics: Mapping[str, Any], alpha: float
) -> JSON:
    """Return z, bound and repeated interval on those whose window has passed, where a look is planned."""
    entry: JSON = {"closed": [_size(closed[base]), _size(closed[other])]}
    fractions = statistics["fractions"]
    try:
        found = _COMPARE[metric["kind"]](closed[base], closed[other], alpha)
    except NotComputableError as refused:
        return entry | {"closed_reason": refused.reason.value}
    z = found.difference.value / found.difference.se if found.difference.se > 0 else 0.0
    if metric["kind"] == "proportion":
        one, two = closed[base], closed[other]
        z = two_proportion_z(one["x"], one["n"], two["x"], two["n"])
        entry["conversions"] = one["x"] + two["x"]
    entry |= {"z": z, "closed_se": found.difference.se, "closed_difference": found.difference.value}
    if fractions:
        bound = spending_bounds(fractions, alpha)[-1]
        interval = repeated_interval(found.difference.value, found.difference.se, bound)
        entry |= {"bound": bound, "repeated": [interval.low, interval.high]}
    return entry


def _size(entry: JSON) -> int:
    if "plain" in entry:
        return int(entry["plain"]["n"])
    return int(entry["y"]["n"] if "y" in entry else entry["n"])


def _adjust(comparisons: Sequence[JSON], alpha: float) -> None:
    """Adjust the primary's p-values for their number (Holm)."""
    judged = [c["primary"] for c in comparisons if "p_value" in c["primary"]]
    for entry, p in zip(judged, holm([e["p_value"] for e in judged], alpha).p_values, strict=True):
        entry["p_adjusted"] = p


def _decide(comparisons: Sequence[JSON], statistics: Mapping[str, Any], clean: bool) -> None:
    """Apply the ship rule to each comparison, the clearest first.

    At a planned look the bound of the first is that of alpha over all, of the next that of alpha over one
    fewer, and so on while each crosses: Holm's step-down on repeated p-values (Maurer & Bretz 2013). Between
    planned looks only harm can stop, by the always valid interval.
    """
    design, fractions = statistics["design"], statistics["fractions"]
    ordered = sorted(comparisons, key=lambda c: -abs(c["primary"].get("z", 0.0)))
    left = len(ordered)
    for comparison in ordered:
        primary = comparison["primary"]
        good = primary.get("good", "increase")
        if fractions and "z" in primary:
            bound = spending_bounds(fractions, design["alpha"] / left)[-1]
            interval = repeated_interval(primary["closed_difference"], primary["closed_se"], bound)
            primary["bound"], primary["repeated"] = bound, [interval.low, interval.high]
            decision = decide(
                Look(
                    z=primary["z"],
                    bound=bound,
                    interval=interval,
                    sample_ratio_clean=clean,
                    pooled_conversions=primary.get("conversions", statistics["buyers"]),
                    window_passed=statistics["window_passed"],
                    last=statistics["last"],
                    guardrails=[Guard(g["status"]) for g in comparison["guardrails"]],
                    good=good,
                )
            )
            # The next one's z is smaller: once a bound is not crossed, no other is.
            left = max(1, left - int(abs(primary["z"]) >= bound))
            comparison |= {
                "outcome": decision.outcome.value,
                "verdict": decision.verdict.value,
                "blocks": [block.value for block in decision.blocks],
                "ships": decision.ships,
            }
            continue
        comparison |= _between_looks(primary, good, clean, bool(fractions) and statistics["last"])


def _between_looks(primary: JSON, good: str, clean: bool, over: bool) -> JSON:
    low, high = primary.get("always_valid", [0.0, 0.0])
    harmed = (high < 0 if good == "increase" else low > 0) and clean
    outcome = Outcome.STOP_HARM if harmed else Outcome.NO_DIFFERENCE if over else Outcome.CONTINUE
    verdict = Verdict.WORSE if harmed else Verdict.NO_DIFFERENCE
    return {"outcome": outcome.value, "verdict": verdict.value, "blocks": [], "ships": False}


def _lead(comparisons: Sequence[JSON]) -> JSON | None:
    """Return the comparison to speak of: the best that ships, else the one that says most."""
    if not comparisons:
        return None
    shipping = [c for c in comparisons if c["ships"]]
    if shipping:
        return max(shipping, key=lambda c: _goodness(c["primary"]))
    rank = [Outcome.BLOCKED, Outcome.CONTINUE, Outcome.NO_DIFFERENCE, Outcome.STOP_HARM]
    return min(comparisons, key=lambda c: (rank.index(Outcome(c["outcome"])), -_goodness(c["primary"])))


def _goodness(primary: JSON) -> float:
    sign = -1.0 if primary.get("good") == "decrease" else 1.0
    return sign * float(primary.get("difference") or 0.0)


def _sample_ratio(statistics: Mapping[str, Any]) -> JSON:
    """Check the arms' shares, and that of the hold-out, over all policies that were in force."""
    ratio = statistics["ratio"]
    arms = check_sample_ratio(ratio["observed"], ratio["expected"]) if sum(ratio["observed"]) else None
    held = (
        check_sample_ratio(ratio["groups"], ratio["groups_expected"])
        if len(ratio["groups"]) > 1 and sum(ratio["groups"])
        else None
    )
    checks = [check for check in (arms, held) if check is not None]
    smallest = min((c.p_value for c in checks if c.p_value is not None), default=None)
    return {
        "p_value": smallest,
        "clean": all(check.clean for check in checks),
        "counts": ratio["observed"],
        "expected": list(arms.expected) if arms else [],
        "exact": bool(arms and arms.exact),
        "held_out": ratio["groups"][0] if len(ratio["groups"]) > 1 else 0,
    }


def _variant(statistics: Mapping[str, Any], arm: JSON, control: str) -> JSON:
    base = HELD if statistics["counts"]["met"].get(HELD) else control
    return (
        {"key": arm["key"], "name": arm["name"], "is_control": arm["is_control"]}
        | _group(statistics, arm["key"])
        | {"incremental": _incremental(statistics, base, arm["key"])}
    )


def _incremental(statistics: Mapping[str, Any], base: str, arm: str) -> JSON | None:
    """Return what an arm's people spent beyond those of the base, in all (Welch), by intention to treat."""
    revenue = statistics["counts"]["revenue"]
    if arm == base:
        return None
    one, two = from_dict(revenue[base]), from_dict(revenue[arm])
    try:
        found = compare_means(one, two, alpha=statistics["design"]["alpha"]).difference
    except NotComputableError:
        return None
    return {
        "value": found.value * two.n,
        "low": found.interval.low * two.n,
        "high": found.interval.high * two.n,
        "against": base,
    }


def _group(statistics: Mapping[str, Any], group: str) -> JSON:
    """Return what a table shows of a group: people, the primary's rate and interval, flags."""
    design, counts = statistics["design"], statistics["counts"]
    primary = next(i for i, m in enumerate(design["metrics"]) if m["role"] == "primary")
    tally = statistics["tallies"][primary]["met"][group]
    shown: JSON = {
        "n": counts["met"][group],
        "assigned": counts["assigned"].get(group, 0),
        "bounced": counts["bounced"].get(group, 0),
        "machine": counts["machine"].get(group, 0),
        "revenue": counts["revenue"].get(group),
    }
    if design["metrics"][primary]["kind"] == "proportion":
        n, x = tally["n"], tally["x"]
        interval = wilson_interval(x, n, design["alpha"]) if n else None
        return shown | {
            "conversions": x,
            "rate": x / n if n else None,
            "low": interval.low if interval else None,
            "high": interval.high if interval else None,
        }
    moments = _moments(tally)
    if moments is None or moments.n < 2:
        return shown | {"conversions": None, "rate": None, "low": None, "high": None}
    half = 1.959963984540054 * moments.mean_variance**0.5
    return shown | {
        "conversions": None,
        "rate": moments.mean,
        "low": moments.mean - half,
        "high": moments.mean + half,
    }


def _moments(tally: JSON) -> Moments | None:
    if "plain" in tally:
        return from_dict(tally["plain"])
    if "y" in tally:
        y, x = from_dict(tally["y"]), from_dict(tally["x"])
        if x.mean <= 0:
            return None
        return Moments(y.n, y.mean / x.mean, 0.0)
    return Moments(tally["n"], tally["value"], 0.0) if "value" in tally else None
