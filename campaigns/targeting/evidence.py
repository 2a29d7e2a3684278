"""What earlier plans taught: who was left alone by chance, and who bought all the same."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from campaigns.targeting.knowledge import FEATURES
from core.copy import copy_to_frame
from recommendations.models import Posterior
from recommender.uplift import Evidence, Trial, XLearner, judge

#: The decision whether effects are used: a row of recommendations.Posterior.
SUBJECT = "targeting"

# Treated by intention: the offer was meant for them, whether or not the message arrived. The hold-outs of a
# plan and of its campaign's test are hashes, so within a plan both groups are alike; who had no value was in
# neither.
_ROWS = """
    SELECT o.customer_id, (NOT o.held_out AND (a.id IS NULL OR a.variant_id IS NOT NULL))::int AS treated,
           EXISTS (
               SELECT FROM events_event e
               WHERE e.customer_id = o.customer_id AND e.type = 'purchase'
                 AND e.occurred_at >= p.launched_at
                 AND e.occurred_at < p.launched_at + make_interval(days => p.window_days)
           )::int AS came,
           {features}
    FROM targeting_plannedoffer o
    JOIN targeting_offerplan p ON p.id = o.plan_id
    JOIN customers_customer c ON c.id = o.customer_id AND NOT c.no_profiling
    LEFT JOIN campaigns_campaign k ON k.plan_id = p.id AND k.experiment_id IS NOT NULL
    LEFT JOIN experiments_assignment a ON a.experiment_id = k.experiment_id AND a.customer_id = o.customer_id
    WHERE o.value_id IS NOT NULL
      AND p.launched_at + make_interval(days => p.window_days) <= %s
    ORDER BY o.id
"""


def trial(as_of: datetime) -> Trial:
    """Return the rows of plans whose window is over: 200,000 take about 4 s."""
    features = ", ".join(f"(o.facts->>'{name}')::float8 AS {name}" for name in FEATURES)
    schema: dict[str, Any] = dict.fromkeys(FEATURES, pl.Float64)
    schema |= dict.fromkeys(("customer_id", "treated", "came"), pl.Int64)
    frame = copy_to_frame(_ROWS.format(features=features), [as_of], schema)
    columns = [frame[name].fill_null(float("nan")).to_numpy() for name in FEATURES]
    people = np.unique(frame["customer_id"].to_numpy(), return_inverse=True)[1].astype(np.int32)
    return Trial(
        FEATURES,
        np.column_stack(columns) if frame.height else np.zeros((0, len(FEATURES))),
        frame["came"].cast(pl.Float64).to_numpy(),
        frame["treated"].to_numpy() == 1,
        people,
    )


def learned(
    values: npt.NDArray[np.float64], *, as_of: datetime
) -> tuple[npt.NDArray[np.float64] | None, dict[str, Any]]:
    """Return each person's effect where it is proven, else None; and what the evidence is, as plain JSON.

    What a tuning decision says holds (SUBJECT): effects are used as long as it stands, refitted on all rows
    there are. Before the first decision the rows are judged here.
    """
    held = Posterior.objects.filter(subject=SUBJECT, key="").values_list("parameters", flat=True).first()
    if held is not None and not held["use"]:
        return None, held.get("evidence", {})
    rows = trial(as_of)
    if held is None:
        found = judge(rows)
        if not found.ships:
            return None, as_json(found)
        evidence = as_json(found)
    else:
        evidence = held["evidence"]
    return XLearner.fit(rows.values, rows.came, rows.treated).effect(values), evidence


def as_json(found: Evidence) -> dict[str, Any]:
    """Return the evidence without numbers that JSON does not know."""
    plain: dict[str, Any] = asdict(found) | {"ships": found.ships}
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in plain.items()
    }
