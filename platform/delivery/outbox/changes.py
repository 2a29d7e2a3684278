"""The one way in which a held message changes: set-based, and only under its own fence."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from delivery.models import MessageState

_WRITE = """
UPDATE delivery_message m
   SET state = c.state,
       skip_reason = c.skip_reason,
       error = c.error,
       context = COALESCE(c.context::jsonb, m.context),
       message_id = COALESCE(c.message_id, m.message_id),
       due_at = COALESCE(c.due_at, m.due_at),
       sent_at = COALESCE(c.sent_at, m.sent_at),
       attempts = m.attempts + c.attempts,
       lease_until = CASE c.state WHEN 'claimed' THEN m.lease_until END
  FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[], %(states)s::text[], %(skip_reasons)s::text[],
              %(errors)s::text[], %(contexts)s::text[], %(message_ids)s::text[],
              %(dues)s::timestamptz[], %(sents)s::timestamptz[], %(attempts)s::int[])
       AS c (id, fence, state, skip_reason, error, context, message_id, due_at, sent_at, attempts)
 WHERE m.run_id = %(run)s AND m.id = c.id AND m.fence = c.fence AND m.state = ANY(%(from_states)s)
RETURNING m.id
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What a message becomes; None leaves a column as it is, `attempts` is added."""

    id: int
    fence: int
    state: MessageState
    skip_reason: str = ""
    error: str = ""
    context: dict[str, Any] | None = None
    message_id: str | None = None
    due_at: datetime | None = None
    sent_at: datetime | None = None
    attempts: int = 0


def write(run_id: UUID, changes: Sequence[Change], *, from_states: Sequence[MessageState]) -> set[int]:
    """Apply the changes and return the ids of those that still held: same fence, one of the states."""
    if not changes:
        return set()
    params: dict[str, Any] = {
        "run": run_id,
        "from_states": [str(state) for state in from_states],
        "ids": [c.id for c in changes],
        "fences": [c.fence for c in changes],
        "states": [str(c.state) for c in changes],
        "skip_reasons": [str(c.skip_reason) for c in changes],
        "errors": [c.error[:500] for c in changes],
        "contexts": [
            None if c.context is None else json.dumps(c.context, cls=DjangoJSONEncoder) for c in changes
        ],
        "message_ids": [c.message_id for c in changes],
        "dues": [c.due_at for c in changes],
        "sents": [c.sent_at for c in changes],
        "attempts": [c.attempts for c in changes],
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, params)
        return {key for (key,) in cursor.fetchall()}
