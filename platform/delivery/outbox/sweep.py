"""What dead workers and lost wake-ups left behind. Idempotent; any number may run at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.utils.translation import gettext_noop

from core.partitions import months_between
from delivery.models import MessageState, Run
from delivery.outbox import restored
from delivery.outbox.finish import finish_if_done
from delivery.outbox.pace import buckets
from delivery.outbox.partitions import ensure_message_partitions
from delivery.outbox.policy import DEFAULT, Policy

log = structlog.get_logger(__name__)

# Nothing was offered under an expired claim, so the message goes back. A message whose workers died
# too often is suspected of killing them.
_FREE_CLAIMED = """
UPDATE delivery_message
   SET state = CASE WHEN fence < %(claims)s THEN 'pending' ELSE 'failed' END,
       error = CASE WHEN fence < %(claims)s THEN error ELSE %(killer)s END,
       skip_reason = CASE WHEN fence < %(claims)s THEN '' ELSE 'broken' END,
       lease_until = NULL
 WHERE (run_id, id) IN (
       SELECT run_id, id FROM delivery_message
        WHERE state = 'claimed' AND lease_until < %(now)s
          FOR UPDATE SKIP LOCKED)
"""

# Whether the provider got it is not known. It is shown, and sent again only by a person's decision;
# transactional messages are awaited, so they go again under the same Message-ID.
_CALL_UNCERTAIN = """
UPDATE delivery_message m
   SET state = CASE WHEN r.transactional AND m.attempts < %(attempts)s AND r.state <> 'cancelled'
                    THEN 'pending' ELSE 'uncertain' END,
       error = %(silent)s, lease_until = NULL
  FROM delivery_run r
 WHERE r.id = m.run_id AND (m.run_id, m.id) IN (
       SELECT run_id, id FROM delivery_message
        WHERE state = 'sending' AND lease_until < %(now)s
          FOR UPDATE SKIP LOCKED)
RETURNING m.state
"""

_LEAVE_OUT_EXPIRED = """
UPDATE delivery_message
   SET state = 'skipped', skip_reason = 'expired'
 WHERE (run_id, id) IN (
       SELECT run_id, id FROM delivery_message
        WHERE state = 'pending' AND expires_at <= %(now)s
          FOR UPDATE SKIP LOCKED)
"""

# A retry or a freed claim may have come back after its run was cancelled.
_LEAVE_OUT_CANCELLED = """
UPDATE delivery_message m
   SET state = 'skipped', skip_reason = 'cancelled'
  FROM delivery_run r
 WHERE r.id = m.run_id AND r.state = 'cancelled' AND m.state = 'pending'
"""

# A worker shows itself by leases that it took or renewed lately. Not by leases that merely hold: those of
# a dead one do too, and the others would wait for nothing.
_WITHOUT_WORKER = """
SELECT r.id
  FROM delivery_run r
 WHERE r.state = 'running' AND (r.wake_at IS NULL OR r.wake_at <= %(now)s)
   AND (EXISTS (SELECT 1 FROM delivery_message m
                 WHERE m.run_id = r.id AND m.state = 'pending' AND m.due_at <= %(now)s)
        OR EXISTS (SELECT 1 FROM delivery_message m
                    WHERE m.run_id = r.id AND m.state = 'held_out' AND m.fence = 0))
   AND NOT EXISTS (SELECT 1 FROM delivery_message m
                    WHERE m.run_id = r.id AND m.state = 'claimed' AND m.lease_until > %(claimed_lately)s)
   AND NOT EXISTS (SELECT 1 FROM delivery_message m
                    WHERE m.run_id = r.id AND m.state = 'sending' AND m.lease_until > %(marked_lately)s)
 ORDER BY r.id
"""


SILENT = gettext_noop("The worker ended before the provider's answer was written down.")


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did, and which runs want a worker."""

    freed: int
    uncertain: int
    expired: int
    finished: int
    runs_to_wake: list[UUID]


def sweep(*, now: datetime, policy: Policy = DEFAULT) -> Swept:
    """Free expired claims, call expired sendings uncertain, finish runs, and name runs to wake.

    Leaves out what is too late by now. A database that was restored from a backup sends nothing first:
    see delivery.outbox.restored.
    """
    ensure_coming_partitions(now)
    restored.notice(now=now)
    restored.rise(now=now)
    buckets.drop_idle(now=now)
    params: dict[str, Any] = {
        "now": now,
        "claims": policy.claims,
        "attempts": policy.attempts,
        "claimed_lately": now + policy.lease - policy.silence,
        "marked_lately": now + policy.patience - policy.silence,
        "killer": f"Given up after {policy.claims} workers ended while preparing it.",
        "silent": SILENT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FREE_CLAIMED, params)
        freed = cursor.rowcount
        cursor.execute(_CALL_UNCERTAIN, params)
        uncertain = sum(state == MessageState.UNCERTAIN for (state,) in cursor.fetchall())
        cursor.execute(_LEAVE_OUT_EXPIRED, params)
        expired = cursor.rowcount
        cursor.execute(_LEAVE_OUT_CANCELLED)
        cursor.execute(_WITHOUT_WORKER, params)
        to_wake = [run_id for (run_id,) in cursor.fetchall()]
    running = Run.objects.filter(state=Run.State.RUNNING).exclude(pk__in=to_wake).values_list("pk", flat=True)
    finished = sum(_finish(run_id, now) for run_id in running)
    if freed or uncertain:
        log.warning("outbox_swept", freed=freed, uncertain=uncertain)
    return Swept(freed, uncertain, expired, finished, to_wake)


def ensure_coming_partitions(now: datetime) -> None:
    """Make the partitions of this and the next month, so that a launch need not wait for a table lock."""
    months = months_between(now, now.replace(day=1) + relativedelta(months=1))
    ensure_message_partitions(months)


def _finish(run_id: UUID, now: datetime) -> bool:
    try:
        return finish_if_done(run_id, now=now)
    except Exception:
        log.exception("run_not_finished", run=str(run_id))  # another run's source must not be kept waiting
        return False
