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


def members(campaign: Campaign, *, as_of: datetime) -> Query:
    """Return the SELECT of `customer_id` of those the campaign is for."""
    query = members_query(campaign.segment, as_of=as_of)
    return query.sql, list(query.params)


def messages(campaign: Campaign, *, as_of: datetime, due_at: datetime) -> Query:
    """Return the SELECT of the rows that the outbox takes: who, held out or not, context, when due.

    With an experiment everybody of the audience must have been assigned before.
    """
    sql, params = members(campaign, as_of=as_of)
    if campaign.experiment_id is None:
        return _PLAIN.format(members=sql), [due_at, *params]
    return _ASSIGNED.format(members=sql), [due_at, *params, campaign.experiment_id]
