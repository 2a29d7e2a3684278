"""What happened to the people of an experiment, read from the facts in one query each."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl

from campaigns.experiments.models import Experiment
from core.copy import copy_to_frame
from recommendations.models import Objective

# One row per assigned customer and list: did they buy a product of the list in the window? For
# "discover" only a product that they had never bought before counts.
_REPLAY_SQL = """
    SELECT assignment.customer_id, list.model_version_id::text AS model_version,
           EXISTS (
               SELECT 1 FROM events_event AS bought
               WHERE bought.customer_id = assignment.customer_id AND bought.type = 'purchase'
                 AND bought.occurred_at >= %(start)s AND bought.occurred_at < %(end)s
                 AND bought.quantity > 0
                 AND bought.product_id = ANY (list.product_ids[1:%(length)s])
                 AND (%(repeats)s OR NOT EXISTS (
                     SELECT 1 FROM events_event AS earlier
                     WHERE earlier.customer_id = bought.customer_id AND earlier.type = 'purchase'
                       AND earlier.product_id = bought.product_id AND earlier.occurred_at < %(start)s))
           ) AS converted
    FROM experiments_assignment AS assignment
    JOIN recommendations_recommendationlist AS list
      ON list.customer_id = assignment.customer_id AND list.objective = %(objective)s
     AND list.model_version_id = ANY (%(versions)s::uuid[])
    WHERE assignment.experiment_id = %(experiment)s
    ORDER BY assignment.customer_id, list.model_version_id
"""

_ORDERED_SQL = """
    SELECT assignment.customer_id, assignment.variant_id,
           EXISTS (
               SELECT 1 FROM events_event AS bought
               WHERE bought.customer_id = assignment.customer_id AND bought.type = 'purchase'
                 AND bought.occurred_at >= %(start)s AND bought.occurred_at < %(end)s
           ) AS converted
    FROM experiments_assignment AS assignment
    WHERE assignment.experiment_id = %(experiment)s
    ORDER BY assignment.customer_id
"""


def bought_from_lists(
    experiment: Experiment, *, versions: list[UUID], objective: str, length: int, start: datetime
) -> pl.DataFrame:
    """Return per assigned customer and model version whether the first `length` products were bought from.

    Columns: customer_id, model_version, converted. The window is the experiment's, from `start`.
    About 0.5 s for 2,500 customers × 2 lists against 1.4 million facts.
    """
    params = {
        "start": start,
        "end": start + timedelta(days=experiment.window_days),
        "length": length,
        "repeats": objective == Objective.REPLENISH,
        "objective": objective,
        "versions": [str(version) for version in versions],
        "experiment": str(experiment.pk),
    }
    return _read(_REPLAY_SQL, params, {"customer_id": pl.Int64, "model_version": pl.String})


def ordered(experiment: Experiment, *, start: datetime) -> pl.DataFrame:
    """Return per assigned customer whether they ordered in the window: customer_id, variant_id, converted."""
    params = {
        "start": start,
        "end": start + timedelta(days=experiment.window_days),
        "experiment": str(experiment.pk),
    }
    return _read(_ORDERED_SQL, params, {"customer_id": pl.Int64, "variant_id": pl.Int64})


def _read(sql: str, params: dict[str, Any], schema: dict[str, Any]) -> pl.DataFrame:
    frame = copy_to_frame(sql, params, schema=schema | {"converted": pl.String})
    return frame.with_columns(converted=pl.col("converted") == "t")
