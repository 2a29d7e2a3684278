"""Writing again to exactly those whom a run did not reach."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from accounts import audit
from accounts.models import User
from core.ids import uuid7
from delivery.models import Run, SkipReason
from delivery.services.launching import ensure_run_partition

#: Reasons that another attempt may overcome. Consent, suppression and addresses are asked again at send
#: time in any case; who bounced, withdrew or was erased is not written to again.
RETRYABLE = (
    SkipReason.GAVE_UP,
    SkipReason.REFUSED,
    SkipReason.BROKEN,
    SkipReason.NO_COUPON,
    SkipReason.NO_CONTENT,
    SkipReason.NOT_CONFIRMED,
    SkipReason.LATE_ZONE,
    SkipReason.HOLIDAY,
)

# Who has a message under the same key in another run of the same launch or its repeats that was sent, or may
# still be, is left alone. What is uncertain keeps its Message-ID, for it may have arrived.
_UNREACHED = """
WITH family AS (
    SELECT id FROM unnest(%(family)s::uuid[]) AS family (id) WHERE id <> %(from)s
), unreached AS (
    SELECT m.*
      FROM delivery_message m
     WHERE m.run_id = %(from)s
       AND ((m.state IN ('failed', 'skipped') AND m.skip_reason = ANY(%(reasons)s))
            OR (%(uncertain)s AND m.state = 'uncertain'))
       AND NOT EXISTS (SELECT FROM delivery_message o JOIN family ON family.id = o.run_id
                        WHERE o.customer_id = m.customer_id AND o.step = m.step
                          AND o.occurrence = m.occurrence
                          AND o.state IN ('pending', 'claimed', 'sending', 'sent', 'uncertain'))
       FOR UPDATE OF m
), settled AS (
    UPDATE delivery_message m
       SET state = 'failed', skip_reason = 'retried', fence = m.fence + 1, lease_until = NULL
      FROM unreached u
     WHERE u.state = 'uncertain' AND m.run_id = u.run_id AND m.id = u.id
)
INSERT INTO delivery_message (run_id, source, channel, customer_id, step, occurrence, state, context,
                              due_at, expires_at, message_id)
SELECT %(run)s, source, channel, customer_id, step, occurrence, 'pending', context, %(now)s, expires_at,
       CASE state WHEN 'uncertain' THEN message_id ELSE '' END
  FROM unreached
"""


def retry(
    run: Run,
    *,
    reasons: Collection[str],
    now: datetime,
    uncertain: bool = False,
    user: User | None = None,
) -> Run | None:
    """Launch a further run to those whom this one did not reach for these reasons; never to who got it.

    `reasons` are of RETRYABLE; `uncertain` takes along the messages nobody answered for, which may so
    arrive twice, under the same Message-ID. Frozen contexts (variant, products, code) are kept. Return
    the new run, or None when there is nobody or the run was cancelled. Two at once make one. 10,000
    people take about 0.3 s.
    """
    if unfit := set(reasons) - set(RETRYABLE):
        raise ValueError(f"Sending again does not help with: {', '.join(sorted(unfit))}.")
    with transaction.atomic():
        first = run.launch.partition("+")[0]
        runs = Run.objects.filter(source=run.source, reference=run.reference)
        # Two retries wait for each other at the first launch; the second one then sees what the first did.
        runs.select_for_update().get(launch=first)
        run.refresh_from_db(fields=["state"])
        if run.state == Run.State.CANCELLED:
            return None
        repeats = Q(launch=first) | Q(launch__startswith=f"{first}+")
        family = list(runs.filter(repeats).values_list("pk", flat=True))
        again = Run(
            id=uuid7(),
            source=run.source,
            reference=run.reference,
            launch=f"{first}+{len(family)}",
            channel=run.channel,
            topic=run.topic,
            transactional=run.transactional,
            per_hour=run.per_hour,
            priority=run.priority,
            holidays=run.holidays,
            retry_of=run,
            as_of=run.as_of,
            created_at=now,
        )
        ensure_run_partition(again)
        again.save(force_insert=True)
        chosen = sorted(str(reason) for reason in reasons)
        params: dict[str, Any] = {
            "from": run.pk,
            "run": again.pk,
            "family": family,
            "reasons": chosen,
            "uncertain": uncertain,
            "now": now,
        }
        with connection.cursor() as cursor:
            cursor.execute(_UNREACHED, params)
            again.audience = cursor.rowcount
        if not again.audience:
            transaction.set_rollback(True)
            return None
        again.save(update_fields=["audience"])
        audit.record(
            action="retry_run",
            target=again,
            now=now,
            user=user,
            after={
                "run": str(run.pk),
                "reasons": chosen + (["uncertain"] if uncertain else []),
                "messages": again.audience,
            },
        )
    return again
