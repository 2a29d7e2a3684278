"""What the table of a look shows of each group, and whether the split is sound."""

from collections.abc import Mapping
from typing import Any

from campaigns.experiments.live.tallies import HELD
from campaigns.experiments.statistics.means import compare_means
from campaigns.experiments.statistics.moments import Moments, from_dict
from campaigns.experiments.statistics.proportions import wilson_interval
from campaigns.experiments.statistics.results import NotComputableError
from campaigns.experiments.statistics.sample_ratio import check_sample_ratio

JSON = dict[str, Any]


def sample_ratio(statistics: Mapping[str, Any]) -> JSON:
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


def variant(statistics: Mapping[str, Any], arm: JSON, control: str) -> JSON:
    """Return the line of an arm, with what its people spent beyond those of the base."""
    base = HELD if statistics["counts"]["met"].get(HELD) else control
    return (
        {"key": arm["key"], "name": arm["name"], "is_control": arm["is_control"]}
        | group_of(statistics, arm["key"])
        | {"incremental": incremental(statistics, base, arm["key"])}
    )


def incremental(statistics: Mapping[str, Any], base: str, arm: str) -> JSON | None:
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


def group_of(statistics: Mapping[str, Any], group: str) -> JSON:
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
