"""Freezing an audience into messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from core.ids import uuid7, uuid7_moment
from core.partitions import month_of
from delivery.channels import channels
from delivery.models import Run
from delivery.outbox.partitions import ensure_message_partitions
from delivery.rules.models import OnHolidays
from delivery.sources import sources

_FREEZE = """
INSERT INTO delivery_message
       (run_id, source, channel, customer_id, state, skip_reason, context, due_at, expires_at)
SELECT %s, %s, %s, audience.customer_id,
       CASE WHEN audience.held_out THEN 'held_out' WHEN audience.due_at IS NULL THEN 'skipped'
            ELSE 'pending' END,
       CASE WHEN audience.due_at IS NULL AND NOT audience.held_out THEN 'late_zone' ELSE '' END,
       COALESCE(audience.context, '{{}}'::jsonb), COALESCE(audience.due_at, %s), %s
  FROM ({audience}) AS audience
    ON CONFLICT ON CONSTRAINT message_once DO NOTHING
"""


def launch(
    *,
    source: str,
    reference: str,
    channel: str,
    topic: str,
    audience: tuple[str, Sequence[Any]],
    as_of: datetime,
    now: datetime,
    launch: str = "1",
    transactional: bool = False,
    per_hour: int | None = None,
    expires_at: datetime | None = None,
    priority: int = 0,
    holidays: str = OnHolidays.SEND,
) -> Run:
    """Freeze an audience into messages and return the run; a second launch returns the first one's run.

    `audience` is SQL with its parameters whose rows are (customer_id bigint, held_out boolean, context
    jsonb, due_at timestamptz). Rows that are held out are recorded and never sent; those without a due
    moment are left out as too late where they live. `per_hour` throttles the run, `expires_at` is the
    moment after which its messages are of no use, `priority` says whose message goes where a frequency cap
    binds, `holidays` what becomes of those who have a public holiday, and `transactional` ones that nobody
    answered for are sent again by themselves. One INSERT … SELECT: 200,000 messages take about 3 s. Raises
    UnknownEntry for a source or channel that does not exist.
    """
    sources.get(source)
    channels.get(channel)
    run = Run(
        id=uuid7(),
        source=source,
        reference=reference,
        launch=launch,
        channel=channel,
        topic=topic,
        transactional=transactional,
        per_hour=per_hour,
        priority=priority,
        holidays=holidays,
        as_of=as_of,
        created_at=now,
    )
    ensure_run_partition(run)
    sql, params = audience
    with transaction.atomic():
        # The unique key makes a rival wait here until we commit; then it finds our run.
        Run.objects.bulk_create([run], ignore_conflicts=True)
        stored = Run.objects.get(source=source, reference=reference, launch=launch)
        if stored.id != run.id:
            return stored
        with connection.cursor() as cursor:
            cursor.execute(_FREEZE.format(audience=sql), [run.id, source, channel, now, expires_at, *params])
            stored.audience = cursor.rowcount
        stored.save(update_fields=["audience"])
    return stored


def ensure_run_partition(run: Run) -> None:
    """Make the partition in which a run's messages lie."""
    ensure_message_partitions([month_of(uuid7_moment(run.id))])
