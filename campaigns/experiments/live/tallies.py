"""From people to sufficient statistics: what a look stores, and all that its judgement needs.

An arm is named by its variant's key; HELD is the hold-out and WRITTEN everybody who was written to,
whatever arm. Only people drawn at the planned shares tell one arm from another.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from campaigns.experiments.measures import MEASURES, Measure
from campaigns.experiments.models import Metric
from campaigns.experiments.statistics.moments import JointMoments, Moments, to_dict
from campaigns.experiments.statistics.quantiles import Quantile
from campaigns.experiments.statistics.results import NotComputableError

HELD, WRITTEN = "", "*"

Tally = dict[str, Any]


def groups_of(frame: pl.DataFrame, arms: Mapping[int, str]) -> dict[str, pl.DataFrame]:
    """Return the people of each arm, of the hold-out and of all that were written to.

    Each group is a piece of the frame, not a copy, because the rows stand in the order facts.ORDER. Raises
    ValueError where they do not.
    """
    place = frame["variant_id"].to_numpy().astype(np.int64) * 2 + frame["explored"].to_numpy()
    if (place[1:] < place[:-1]).any():
        raise ValueError("The rows must be in the order of facts.ORDER.")

    def piece(first: int, behind: int) -> pl.DataFrame:
        low, high = np.searchsorted(place, (first, behind))
        return frame.slice(int(low), int(high - low))

    behind_all = int(place[-1]) + 1 if place.size else 2
    groups = {key: piece(2 * pk + 1, 2 * pk + 2) for pk, key in arms.items()}
    return groups | {HELD: piece(0, 2), WRITTEN: piece(2, max(behind_all, 2))}


def tally(metric: Metric, groups: Mapping[str, pl.DataFrame]) -> dict[str, Tally]:
    """Return a metric's sufficient statistics by group, plain numbers only."""
    measure = MEASURES[metric.measure]
    match metric.kind:
        case Metric.Kind.PROPORTION:
            return {
                name: {"n": group.height, "x": int(group[measure.of].sum())} for name, group in groups.items()
            }
        case Metric.Kind.MEAN:
            return _means(metric, measure, groups)
        case Metric.Kind.RATIO:
            return {name: _joint(group, measure.of, measure.per) for name, group in groups.items()}
        case _:
            return {name: _quantile(group, measure, metric.quantile or 0.5) for name, group in groups.items()}


def counts(groups: Mapping[str, pl.DataFrame], names: Iterable[str]) -> dict[str, int]:
    """Return the people of each of these groups."""
    return {name: groups[name].height for name in names}


def _means(metric: Metric, measure: Measure, groups: Mapping[str, pl.DataFrame]) -> dict[str, Tally]:
    """Return plain moments, those capped at the pooled quantile, and with the covariate."""
    arrays = {name: group[measure.of].to_numpy() for name, group in groups.items()}
    pooled = np.concatenate([arrays[HELD], arrays[WRITTEN]])
    cap = float(np.quantile(pooled, metric.cap)) if metric.cap and pooled.size else None
    if cap == 0:
        cap = None  # so few bought that the quantile lies among those who did not: a cap would cut all
    before = _BEFORE.get(measure.of, "before") if metric.covariate_days else None
    result = {}
    for name, values in arrays.items():
        entry: Tally = {"plain": to_dict(Moments.from_values(values))}
        if cap is not None:
            entry["capped"] = to_dict(Moments.from_values(np.minimum(values, cap)))
            entry["cap"], entry["touched"] = cap, int((values > cap).sum())
        if before is not None:
            entry["joint"] = joint_dict(JointMoments.from_values(values, groups[name][before].to_numpy()))
        result[name] = entry
    return result


#: What is known from before of a measure; revenue of everything that is money.
_BEFORE = {"orders": "orders_before"}


def _joint(group: pl.DataFrame, y: str, x: str) -> Tally:
    return joint_dict(JointMoments.from_values(group[y].to_numpy(), group[x].to_numpy()))


def _quantile(group: pl.DataFrame, measure: Measure, q: float) -> Tally:
    """Return the quantile of those who bought at all."""
    values = group.filter(pl.col(measure.of) > 0)[measure.of].to_numpy()
    try:
        found = Quantile.from_values(values, q)
    except NotComputableError:
        return {"n": int(values.size), "q": q}
    return {"n": found.n, "q": found.q, "value": found.value, "low": found.low, "high": found.high}


def joint_dict(moments: JointMoments) -> dict[str, Any]:
    """Return plain numbers; `joint_from` gives back the same bits."""
    return {"y": to_dict(moments.y), "x": to_dict(moments.x), "c": moments.c}


def series_key(metrics: Sequence[Metric]) -> list[dict[str, Any]]:
    """Return the metrics as they are stored with a look."""
    return [
        {
            "measure": m.measure, "kind": str(m.kind), "role": str(m.role), "good": str(m.good),
            "window_days": m.window_days, "covariate_days": m.covariate_days, "margin": m.margin,
            "relative": m.relative,
        }
        for m in metrics
    ]  # fmt: skip
