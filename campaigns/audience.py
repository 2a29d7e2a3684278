"""Whom a campaign is for, as SQL."""

from datetime import datetime
from typing import Any

from campaigns.experiments.models import Wave
from campaigns.models import Campaign
from campaigns.values import tests_values
from segments.selectors import members_query

Query = tuple[str, list[Any]]

# Who is in the global control group is in no test and is not written to either. Outside a layer's buckets
# people get what they would get without the test; so does who may be in no test of values.
_ASSIGNED = """
SELECT audience.customer_id,
       member.id IS NOT NULL OR (assignment.id IS NOT NULL AND assignment.variant_id IS NULL) AS held_out,
       jsonb_build_object('variant', variant.key, 'strategy', variant.levers->>'strategy')
           || CASE WHEN member.id IS NULL THEN '{{}}'::jsonb ELSE '{{"control_group": true}}'::jsonb END
           AS context,
       %s::timestamptz AS due_at
FROM ({members}) AS audience
LEFT JOIN experiments_holdoutmember AS member
  ON member.customer_id = audience.customer_id AND member.left_at IS NULL
LEFT JOIN experiments_assignment AS assignment
  ON assignment.customer_id = audience.customer_id AND assignment.experiment_id = %s::uuid
 AND assignment.wave_id IS NOT DISTINCT FROM %s::bigint
LEFT JOIN experiments_variant AS variant ON variant.id = assignment.variant_id
WHERE assignment.id IS NOT NULL OR (%s AND member.id IS NOT NULL)
   OR (%s AND NOT EXISTS (SELECT FROM experiments_assignment AS other
                           WHERE other.customer_id = audience.customer_id
                             AND other.experiment_id = %s::uuid))
"""
_PLAIN = """
SELECT audience.customer_id, member.id IS NOT NULL AS held_out,
       CASE WHEN member.id IS NULL THEN '{{"variant": null, "strategy": null}}'::jsonb
            ELSE '{{"variant": null, "strategy": null, "control_group": true}}'::jsonb END AS context,
       %s::timestamptz AS due_at
FROM ({members}) AS audience
LEFT JOIN experiments_holdoutmember AS member
  ON member.customer_id = audience.customer_id AND member.left_at IS NULL
"""


# With a plan only those go into the outbox whom it gives something, or would have given something.
_PLANNED = """
SELECT member.customer_id FROM ({members}) AS member
JOIN targeting_plannedoffer AS planned
  ON planned.customer_id = member.customer_id AND planned.plan_id = %s::uuid AND planned.value_id IS NOT NULL
"""
_LEFT_ALONE = """
SELECT message.customer_id, message.held_out OR planned.held_out AS held_out,
       message.context || jsonb_build_object('offer', planned.value_id) AS context, message.due_at
FROM ({messages}) AS message
JOIN targeting_plannedoffer AS planned
  ON planned.customer_id = message.customer_id AND planned.plan_id = %s::uuid
"""


def members(campaign: Campaign, *, as_of: datetime) -> Query:
    """Return the SELECT of `customer_id` of those the campaign is for."""
    query = members_query(campaign.segment, as_of=as_of)
    if campaign.plan_id is None:
        return query.sql, list(query.params)
    return _PLANNED.format(members=query.sql), [*query.params, campaign.plan_id]


def messages(campaign: Campaign, *, as_of: datetime, due_at: datetime, wave: Wave | None = None) -> Query:
    """Return the SELECT of the rows that the outbox takes: who, held out or not, context, when due.

    With an experiment everybody of the audience, or of its wave, must have been assigned before. Whom a plan
    of offers leaves alone is held out, whatever the experiment says, and so is the global control group.
    """
    sql, params = _messages(campaign, as_of=as_of, due_at=due_at, wave=wave)
    if campaign.plan_id is None:
        return sql, params
    return _LEFT_ALONE.format(messages=sql), [*params, campaign.plan_id]


def _messages(campaign: Campaign, *, as_of: datetime, due_at: datetime, wave: Wave | None) -> Query:
    sql, params = members(campaign, as_of=as_of)
    experiment = campaign.experiment
    if experiment is None:
        return _PLAIN.format(members=sql), [due_at, *params]
    first = wave is None or wave.number == 1
    return _ASSIGNED.format(members=sql), [
        due_at, *params, experiment.pk, wave.pk if wave else None,
        first, first and (experiment.layer_id is not None or tests_values(experiment)), experiment.pk,
    ]  # fmt: skip
