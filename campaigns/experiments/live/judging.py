"""From sufficient statistics to results: a pure function, so that a stored look can be computed again.

What cannot be computed says why, in the words of statistics.results.Reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.experiments.live.comparing import COMPARE, guarded, measured, size
from campaigns.experiments.live.shown import group_of, incremental, sample_ratio, variant
from campaigns.experiments.live.tallies import HELD, WRITTEN
from campaigns.experiments.statistics.multiplicity import benjamini_hochberg, holm
from campaigns.experiments.statistics.noninferiority import Guard
from campaigns.experiments.statistics.proportions import two_proportion_z
from campaigns.experiments.statistics.results import NotComputableError
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
    ratio = sample_ratio(statistics)
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
        "variants": [variant(statistics, arm, control) for arm in arms],
        "held_out": group_of(statistics, HELD) if statistics["counts"]["met"].get(HELD) else None,
        "incremental": incremental(statistics, HELD, WRITTEN),
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
        entry = measured(metric, one, two, design["alpha"], statistics["planned_people"])
        found.append({"name": segment["name"], "n": [size(one), size(two)]} | entry)
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
            found["guardrails"].append(guarded(metric, one, two, design["alpha"]))
            continue
        entry = measured(metric, one, two, design["alpha"], statistics["planned_people"])
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


def _sequential(
    metric: JSON, closed: JSON, base: str, other: str, statistics: Mapping[str, Any], alpha: float
) -> JSON:
    """Return z, bound and repeated interval on those whose window has passed, where a look is planned."""
    entry: JSON = {"closed": [size(closed[base]), size(closed[other])]}
    fractions = statistics["fractions"]
    try:
        found = COMPARE[metric["kind"]](closed[base], closed[other], alpha)
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
