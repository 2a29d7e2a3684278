"""Taking messages out of the queue, and giving them back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Min, Q

from delivery.models import Message, MessageState, Run
from delivery.outbox.policy import Policy

# Joined by the rows' places: of a run that was launched a moment ago the planner has no statistics, takes
# it for one row and would compare all of it with each id. A run lies in one partition, so a place is one row.
_CLAIM = """
WITH due AS (
    SELECT ctid
      FROM delivery_message
     WHERE run_id = %(run)s AND state = 'pending' AND due_at <= %(now)s
       AND EXISTS (SELECT 1 FROM delivery_run r WHERE r.id = %(run)s AND r.state = 'running')
     ORDER BY due_at
     LIMIT %(limit)s
       FOR UPDATE SKIP LOCKED
)
UPDATE delivery_message m
   SET state = 'claimed', fence = m.fence + 1, lease_until = %(lease_until)s
  FROM due
 WHERE m.run_id = %(run)s AND m.ctid = due.ctid
RETURNING m.*
"""

_MARK_SENDING = """
UPDATE delivery_message m
   SET state = 'sending', attempts = m.attempts + 1, lease_until = %(lease_until)s
  FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS held (id, fence), delivery_run r
 WHERE m.run_id = %(run)s AND m.id = held.id AND m.fence = held.fence AND m.state = 'claimed'
   AND r.id = %(run)s AND r.state = 'running'
RETURNING m.id
"""

_RENEW = """
UPDATE delivery_message m
   SET lease_until = %(lease_until)s
  FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS held (id, fence)
 WHERE m.run_id = %(run)s AND m.id = held.id AND m.fence = held.fence AND m.state = 'claimed'
"""

_GIVE_BACK = """
UPDATE delivery_message m
   SET state = CASE r.state WHEN 'cancelled' THEN 'skipped' ELSE 'pending' END,
       skip_reason = CASE r.state WHEN 'cancelled' THEN 'cancelled' ELSE '' END,
       lease_until = NULL
  FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS held (id, fence), delivery_run r
 WHERE m.run_id = %(run)s AND m.id = held.id AND m.fence = held.fence AND m.state = 'claimed'
   AND r.id = %(run)s
"""


def claim(run_id: UUID, *, now: datetime, policy: Policy, most: int | None = None) -> list[Message]:
    """Take the next due messages of a running run, a batch or `most` of them; rivals take others.

    One statement, so the claim is committed when it returns (outside of a transaction).
    """
    limit = policy.batch if most is None else min(most, policy.batch)
    params = {"run": run_id, "now": now, "limit": limit, "lease_until": now + policy.lease}
    return list(Message.objects.raw(_CLAIM, params))


def mark_sending(run_id: UUID, messages: Sequence[Message], *, now: datetime, policy: Policy) -> set[int]:
    """Mark those that are still ours as being sent; return their ids: no other may be offered.

    Empty when the run was paused or cancelled.
    """
    params = held(run_id, messages) | {"lease_until": now + policy.patience}
    with connection.cursor() as cursor:
        cursor.execute(_MARK_SENDING, params)
        return {key for (key,) in cursor.fetchall()}


def renew(run_id: UUID, messages: Sequence[Message], *, now: datetime, policy: Policy) -> None:
    """Lengthen the lease of messages that still wait for their turn."""
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, held(run_id, messages) | {"lease_until": now + policy.lease})


def give_back(run_id: UUID, messages: Sequence[Message]) -> None:
    """Return claimed messages to the queue, or leave them out when their run was cancelled."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, held(run_id, messages))


def next_due(run_id: UUID) -> datetime | None:
    """Return when the first message that waits is due. One look into the queue's index."""
    return Message.objects.filter(run=run_id, state=MessageState.PENDING).aggregate(at=Min("due_at"))["at"]


def claim_wake_up(run_id: UUID, at: datetime, *, now: datetime) -> bool:
    """Take it upon oneself to come back at a moment. Return whether nobody else has already.

    So the workers that found a rate used up come back as one, and the sweeper waits for it.
    """
    free = Q(wake_at=None) | Q(wake_at__lte=now)
    return bool(Run.objects.filter(free, pk=run_id).update(wake_at=at))


def held(run_id: UUID, messages: Sequence[Message]) -> dict[str, Any]:
    """Return the parameters that name messages together with the fence under which they are held."""
    return {
        "run": run_id,
        "ids": [message.id for message in messages],
        "fences": [message.fence for message in messages],
    }
