"""What earlier plans taught: who was left alone by chance, and who bought all the same."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from campaigns.targeting.knowledge import FEATURES
from core.copy import copy_to_frame
from recommender.uplift import Evidence, Trial, XLearner, judge

# Treated by intention: the offer was meant for them, whether or not the message arrived. The hold-out is
# a hash, so within a plan both groups are alike; who had no value was in neither.
_ROWS = """
    SELECT o.customer_id, (NOT o.held_out)::int AS treated,
           EXISTS (
               SELECT FROM events_event e
               WHERE e.customer_id = o.customer_id AND e.type = 'purchase'
                 AND e.occurred_at >= p.launched_at
                 AND e.occurred_at < p.launched_at + make_interval(days => p.window_days)
           )::int AS came,
           {features}
    FROM targeting_plannedoffer o
    JOIN targeting_offerplan p ON p.id = o.plan_id
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
    """Return each person's effect where it is proven, else None; and what the evidence is, as plain JSON."""
    rows = trial(as_of)
    found = judge(rows)
    if not found.ships:
        return None, as_json(found)
    return XLearner.fit(rows.values, rows.came, rows.treated).effect(values), as_json(found)


def as_json(found: Evidence) -> dict[str, Any]:
    """Return the evidence without numbers that JSON does not know."""
    plain: dict[str, Any] = asdict(found) | {"ships": found.ships}
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in plain.items()
    }
