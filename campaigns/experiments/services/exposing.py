"""Note from when on a message can make a difference: for those it went to, and for those held out."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from campaigns.experiments.models import Experiment

_EXPOSE = """
INSERT INTO experiments_exposure (assignment_id, at, ghost, message)
SELECT assignment.id, greatest(met.at, assignment.at), assignment.variant_id IS NULL, met.message
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[]) AS met (customer_id, at, message)
  JOIN experiments_assignment AS assignment
    ON assignment.customer_id = met.customer_id AND assignment.experiment_id = %s
 WHERE (assignment.variant_id IS NULL) = %s
 ORDER BY assignment.id
    ON CONFLICT (assignment_id) DO NOTHING
"""
# Who would have been written to but for too many messages: those held out were not asked that.
_SKIPPED = """
INSERT INTO experiments_exposure (assignment_id, at, ghost, message)
SELECT DISTINCT ON (assignment.id) assignment.id, message.due_at, false, message.id
  FROM delivery_message AS message
  JOIN experiments_assignment AS assignment
    ON assignment.customer_id = message.customer_id AND assignment.experiment_id = %s
   AND assignment.variant_id IS NOT NULL
 WHERE message.run_id = ANY(%s::uuid[]) AND message.state = 'skipped'
   AND message.skip_reason IN ('capped', 'less_often')
 ORDER BY assignment.id, message.due_at
    ON CONFLICT (assignment_id) DO NOTHING
"""
# Held out, and did before the message would have gone what makes it needless.
_OVERTAKEN = """
DELETE FROM experiments_exposure AS exposure
 USING experiments_assignment AS assignment, delivery_message AS message
 WHERE assignment.id = exposure.assignment_id AND assignment.experiment_id = %s AND exposure.ghost
   AND message.run_id = ANY(%s::uuid[]) AND message.id = exposure.message
   AND message.context ? 'since'
   AND EXISTS (SELECT FROM events_event AS did
                WHERE did.customer_id = assignment.customer_id AND did.type = %s
                  AND did.occurred_at > (message.context->>'since')::timestamptz
                  AND did.occurred_at <= exposure.at)
"""


def expose(
    experiment_id: UUID,
    customers: Sequence[int],
    at: datetime | Sequence[datetime],
    *,
    messages: Sequence[int | None] = (),
    ghosts: bool = False,
) -> int:
    """Note that these met the test: the first time counts, a repeat changes nothing. Return how many are new.

    With `ghosts` those of them who are held out, else the others; who has no arm is passed over. One
    statement, about 4 ms for 500 people.
    """
    moments = [at] * len(customers) if isinstance(at, datetime) else list(at)
    with connection.cursor() as cursor:
        cursor.execute(
            _EXPOSE,
            [list(customers), moments, list(messages) or [None] * len(customers), experiment_id, ghosts],
        )
        return int(cursor.rowcount)


def expose_ghosts(
    experiment_id: UUID, customers: Sequence[int], at: Sequence[datetime], messages: Sequence[int | None]
) -> int:
    """Note the moments at which those held out would have been written to."""
    return expose(experiment_id, customers, at, messages=messages, ghosts=True)


def expose_skipped(experiment: Experiment, run_ids: Sequence[UUID]) -> int:
    """Note those whose message a frequency cap kept back: the hold-out's would-be messages met none."""
    with connection.cursor() as cursor:
        cursor.execute(_SKIPPED, [experiment.pk, list(run_ids)])
        return int(cursor.rowcount)


def drop_ghosts(experiment: Experiment, run_ids: Sequence[UUID], *, event: str) -> int:
    """Take back the ghosts of those who had meanwhile done what a triggered message was about."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERTAKEN, [experiment.pk, list(run_ids), event])
        return int(cursor.rowcount)
