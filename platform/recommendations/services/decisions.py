"""Every answer is an impression: what was shown, out of what, with which probability; and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from core.ids import uuid7
from core.prepared import Prepared
from recommendations.models import Decision

# Nobody waits for the disk: only PostgreSQL itself dying could lose what it was told in the last half second.
_INSERT = Prepared(
    "decision_noted",
    (
        *("uuid", "bigint", "bigint", "text", "jsonb", "jsonb", "jsonb", "float8", "text"),
        "timestamptz",
    ),
    "WITH no_wait AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"
    " INSERT INTO recommendations_decision (id, customer_id, actor_id, slot, context, eligible, action,"
    " propensity, policy_version, at)"
    " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM no_wait",
)


class OutcomeError(ValueError):
    """The decision has another outcome already."""


def note(
    *,
    slot: str,
    action: Any,
    now: datetime,
    policy_version: str,
    customer_id: int | None = None,
    actor_id: int | None = None,
    context: Mapping[str, Any] | None = None,
    eligible: Sequence[Mapping[str, Any]] | None = None,
    propensity: float = 1.0,
) -> UUID:
    """Store a decision before it is answered, and return its id. One INSERT, about 0.3 ms.

    `eligible` are the actions that could have been chosen, each with its probability `p`, summing to 1;
    without it nothing was drawn: the action was certain. The answer waits for the row, so that what was
    shown is never unknown.
    """
    decision = uuid7()
    choices = eligible if eligible is not None else [{"policy": policy_version, "p": 1.0}]
    _INSERT.rows(
        [
            decision,
            customer_id,
            actor_id,
            slot,
            orjson.dumps(dict(context or {})).decode(),
            orjson.dumps(list(choices)).decode(),
            orjson.dumps(action).decode(),
            propensity,
            policy_version,
            now,
        ]
    )
    return decision


def reward(decision_id: UUID, value: float, now: datetime) -> Decision | None:
    """Keep what came of a decision, once. Returns None for an unknown id; the same value again is the same.

    Raises OutcomeError when another outcome is known. One conditional UPDATE, so rivals agree.
    """
    Decision.objects.filter(pk=decision_id, reward=None).update(reward=value, rewarded_at=now)
    decision = Decision.objects.filter(pk=decision_id).first()
    if decision is not None and decision.reward != value:
        raise OutcomeError(f"The outcome {decision.reward:g} is known already.")
    return decision


def fallback_shares(since: datetime) -> list[tuple[str, int, float]]:
    """Return which sources filled the places shown since a moment: name, places, share; largest first.

    One pass over the decisions of that time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source.key, sum(source.value::int)::bigint FROM recommendations_decision AS decision"
            " CROSS JOIN jsonb_each_text(decision.context->'sources') AS source"
            " WHERE decision.at >= %s AND jsonb_typeof(decision.context->'sources') = 'object'"
            " GROUP BY 1 ORDER BY 2 DESC",
            [since],
        )
        rows = cursor.fetchall()
    total = sum(count for _, count in rows)
    return [(name, count, count / total) for name, count in rows] if total else []
