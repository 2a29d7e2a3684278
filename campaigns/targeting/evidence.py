"""What earlier offers taught: who was left alone by chance, and who bought all the same."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from campaigns.experiments.models import Experiment
from campaigns.experiments.services import chances
from campaigns.targeting.knowledge import FEATURES
from campaigns.targeting.models import KnownThen
from core.copy import copy_to_frame
from recommendations.models import Posterior
from recommender.uplift import Evidence, Trial, XLearner, judge

#: The decision whether effects are used: a row of recommendations.Posterior.
SUBJECT = "targeting"

# Treated by intention: the offer was meant for them, whether or not the message arrived. The hold-outs of a
# plan and of its campaign's test are hashes, so within a plan both groups are alike, and the chance of an
# offer is what both leave; who had no value was in neither.
_OF_PLANS = """
    SELECT o.customer_id, (NOT o.held_out AND (a.id IS NULL OR a.variant_id IS NOT NULL))::int AS treated,
           EXISTS (
               SELECT FROM events_event e
               WHERE e.customer_id = o.customer_id AND e.type = 'purchase'
                 AND e.occurred_at >= p.launched_at
                 AND e.occurred_at < p.launched_at + make_interval(days => p.window_days)
           )::int AS came,
           (1 - p.holdout_share) * CASE WHEN a.id IS NULL THEN 1 ELSE 1 - x.holdout_share END AS chance,
           {features}
    FROM targeting_plannedoffer o
    JOIN targeting_offerplan p ON p.id = o.plan_id
    JOIN customers_customer c ON c.id = o.customer_id AND NOT c.no_profiling
    LEFT JOIN campaigns_campaign k ON k.plan_id = p.id AND k.experiment_id IS NOT NULL
    LEFT JOIN experiments_experiment x ON x.id = k.experiment_id
    LEFT JOIN experiments_assignment a ON a.experiment_id = k.experiment_id AND a.customer_id = o.customer_id
    WHERE o.value_id IS NOT NULL AND (a.id IS NULL OR a.multiple = 0)
      AND p.launched_at + make_interval(days => p.window_days) <= %s
    ORDER BY o.id
"""
# Campaigns that offered everybody a code: those who met the test in an arm with one against those whom it
# held out, each with the chance that the policy of their moment gave. An arm without a code is neither.
_OF_TESTS = """
    SELECT k.customer_id, (a.variant_id IS NOT NULL)::int AS treated,
           EXISTS (
               SELECT FROM events_event e
               WHERE e.customer_id = k.customer_id AND e.type = 'purchase'
                 AND e.occurred_at >= met.at
                 AND e.occurred_at < met.at + make_interval(days => x.window_days)
           )::int AS came,
           policy.chance AS chance,
           {features}
    FROM targeting_knownthen k
    JOIN customers_customer c ON c.id = k.customer_id AND NOT c.no_profiling
    JOIN experiments_experiment x ON x.id = k.experiment_id
    JOIN experiments_assignment a
      ON a.experiment_id = k.experiment_id AND a.customer_id = k.customer_id AND a.multiple = 0
    JOIN experiments_exposure met ON met.assignment_id = a.id
    JOIN (VALUES {policies}) AS policy (experiment_id, name, wave_id, arms, chance)
      ON policy.experiment_id = k.experiment_id AND policy.name = a.policy_version
     AND policy.wave_id IS NOT DISTINCT FROM a.wave_id
    CROSS JOIN LATERAL (SELECT k.facts) AS o (facts)
    WHERE (a.variant_id IS NULL OR a.variant_id = ANY(policy.arms))
      AND met.at + make_interval(days => x.window_days) <= %s
    ORDER BY k.id
"""
_POLICY = "(%s::uuid, %s::text, %s::bigint, %s::bigint[], %s::float8)"


def trial(as_of: datetime) -> Trial:
    """Return the rows whose window is over, of plans and of campaigns with a code that left people alone.

    Only rows whose chance of an offer is known, and neither nought nor one: a plan that left nobody alone
    tells of no effect. 200,000 take about 4 s.
    """
    features = ", ".join(f"(o.facts->>'{name}')::float8 AS {name}" for name in FEATURES)
    schema: dict[str, Any] = dict.fromkeys((*FEATURES, "chance"), pl.Float64)
    schema |= dict.fromkeys(("customer_id", "treated", "came"), pl.Int64)
    frame = copy_to_frame(_OF_PLANS.format(features=features), [as_of], schema)
    if policies := _policies():
        told = _OF_TESTS.format(features=features, policies=", ".join([_POLICY] * len(policies)))
        of_tests = copy_to_frame(told, [value for row in policies for value in row] + [as_of], schema)
        frame = pl.concat([frame, of_tests.select(frame.columns)])
    frame = frame.filter(pl.col("chance").is_between(0, 1, closed="none"))
    columns = [frame[name].fill_null(float("nan")).to_numpy() for name in FEATURES]
    people = np.unique(frame["customer_id"].to_numpy(), return_inverse=True)[1].astype(np.int32)
    return Trial(
        FEATURES,
        np.column_stack(columns) if frame.height else np.zeros((0, len(FEATURES))),
        frame["came"].cast(pl.Float64).to_numpy(),
        frame["treated"].to_numpy() == 1,
        people,
        frame["chance"].to_numpy(),
    )


def _policies() -> list[tuple[Any, ...]]:
    """Return by test, policy and wave the arms with a code, and the chance of one rather than nothing.

    A query and a few more a test: not one a person.
    """
    found: list[tuple[Any, ...]] = []
    kept = KnownThen.objects.values("experiment")
    for test in Experiment.objects.filter(pk__in=kept, campaign__isnull=False).select_related("campaign"):
        own = test.campaign.pool_id is not None
        given = test.assignments.order_by("policy_version", "wave").values_list("policy_version", "wave")
        for policy, wave in given.distinct():
            drawn = chances(test, policy, wave)
            arms = [(variant.pk, p) for variant, p in drawn if p > 0 and with_code(variant.levers, own=own)]
            offered, held = sum(p for _pk, p in arms), 1 - sum(p for _variant, p in drawn)
            if arms and held > 0:
                found.append((test.pk, policy, wave, [pk for pk, _p in arms], offered / (offered + held)))
    return found


def with_code(levers: dict[str, Any], *, own: bool) -> bool:
    """Say whether an arm gives a code: its pool's, or its campaign's `own`, unless it tests having none."""
    return levers.get("value") != 0 and ("pool" in levers or own)


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
    model = XLearner.fit(rows.values, rows.came, rows.treated, weight=rows.weight)
    return model.effect(values), evidence


def as_json(found: Evidence) -> dict[str, Any]:
    """Return the evidence without numbers that JSON does not know."""
    plain: dict[str, Any] = asdict(found) | {"ships": found.ships}
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in plain.items()
    }
