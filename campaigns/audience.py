"""Whom a campaign is for, as SQL."""

from datetime import datetime
from typing import Any

from campaigns.models import Campaign
from segments.selectors import members_query

Query = tuple[str, list[Any]]

_ASSIGNED = """
SELECT audience.customer_id,
       assignment.variant_id IS NULL AS held_out,
       jsonb_build_object('variant', variant.key, 'strategy', variant.levers->>'strategy') AS context,
       %s::timestamptz AS due_at
FROM ({members}) AS audience
JOIN experiments_assignment AS assignment
  ON assignment.customer_id = audience.customer_id AND assignment.experiment_id = %s::uuid
LEFT JOIN experiments_variant AS variant ON variant.id = assignment.variant_id
"""
_PLAIN = """
SELECT audience.customer_id, false AS held_out,
       '{{"variant": null, "strategy": null}}'::jsonb AS context, %s::timestamptz AS due_at
FROM ({members}) AS audience
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


def messages(campaign: Campaign, *, as_of: datetime, due_at: datetime) -> Query:
    """Return the SELECT of the rows that the outbox takes: who, held out or not, context, when due.

    With an experiment everybody of the audience must have been assigned before. Whom a plan of offers
    leaves alone is held out, whatever the experiment says.
    """
    sql, params = _messages(campaign, as_of=as_of, due_at=due_at)
    if campaign.plan_id is None:
        return sql, params
    return _LEFT_ALONE.format(messages=sql), [*params, campaign.plan_id]


def _messages(campaign: Campaign, *, as_of: datetime, due_at: datetime) -> Query:
    sql, params = members(campaign, as_of=as_of)
    if campaign.experiment_id is None:
        return _PLAIN.format(members=sql), [due_at, *params]
    return _ASSIGNED.format(members=sql), [due_at, *params, campaign.experiment_id]
