"""What can be done with a run: launch, pause, resume, cancel, and deciding about uncertain messages.

None of these wakes a worker: the caller does, by `delivery.dispatch.wake(run.id)`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet

from core.ids import uuid7, uuid7_moment
from core.partitions import ensure_partitions, month_of
from delivery.channels import channels
from delivery.models import Message, MessageState, Run, SkipReason
from delivery.sources import sources

_FREEZE = """
INSERT INTO delivery_message (run_id, source, channel, customer_id, state, context, due_at)
SELECT %s, %s, %s, audience.customer_id,
       CASE WHEN audience.held_out THEN 'held_out' ELSE 'pending' END,
       COALESCE(audience.context, '{{}}'::jsonb), audience.due_at
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
) -> Run:
    """Freeze an audience into messages and return the run; a second launch returns the first one's run.

    `audience` is SQL with its parameters whose rows are (customer_id bigint, held_out boolean, context
    jsonb, due_at timestamptz). Rows that are held out are recorded and never sent. One INSERT … SELECT:
    200,000 messages take about 4 s. Raises UnknownEntry for a source or channel that does not exist.
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
        as_of=as_of,
        created_at=now,
    )
    ensure_partitions("delivery_message", [month_of(uuid7_moment(run.id))], by_uuid7=True)
    sql, params = audience
    with transaction.atomic():
        # The unique key makes a rival wait here until we commit; then it finds our run.
        Run.objects.bulk_create([run], ignore_conflicts=True)
        stored = Run.objects.get(source=source, reference=reference, launch=launch)
        if stored.id != run.id:
            return stored
        with connection.cursor() as cursor:
            cursor.execute(_FREEZE.format(audience=sql), [run.id, source, channel, *params])
            stored.audience = cursor.rowcount
        stored.save(update_fields=["audience"])
    return stored


def pause(run: Run) -> bool:
    """Stop a running run within one chunk of messages. Return whether it was running."""
    return _move(run, [Run.State.RUNNING], Run.State.PAUSED)


def resume(run: Run) -> bool:
    """Let a paused run go on. Return whether it was paused."""
    return _move(run, [Run.State.PAUSED], Run.State.RUNNING)


def cancel(run: Run, *, now: datetime) -> bool:
    """End a run for good: what waits is left out, what is being sent ends as it ends.

    Return whether it was running or paused.
    """
    with transaction.atomic():
        moved = _move(run, [Run.State.RUNNING, Run.State.PAUSED], Run.State.CANCELLED, finished_at=now)
        if moved:
            Message.objects.filter(run=run, state=MessageState.PENDING).update(
                state=MessageState.SKIPPED, skip_reason=SkipReason.CANCELLED
            )
    return moved


def send_again(messages: Iterable[Message], *, now: datetime) -> int:
    """Put uncertain messages back into the queue, under the same Message-ID. Return how many there were.

    A person's decision: some of them may arrive twice. An answer to the first attempt that comes in
    late no longer counts.
    """
    return _uncertain(messages).update(
        state=MessageState.PENDING, due_at=now, attempts=0, fence=F("fence") + 1, error=""
    )


def let_be(messages: Iterable[Message]) -> int:
    """Count uncertain messages as failed: they are not sent again. Return how many there were."""
    return _uncertain(messages).update(state=MessageState.FAILED)


def _uncertain(messages: Iterable[Message]) -> QuerySet[Message]:
    keys = list(messages)
    return Message.objects.filter(
        run__in={m.run_id for m in keys}, pk__in=[m.pk for m in keys], state=MessageState.UNCERTAIN
    )


def _move(run: Run, before: Sequence[str], after: str, **fields: Any) -> bool:
    """Change the state by one conditional UPDATE; the object follows what the database says."""
    moved = Run.objects.filter(pk=run.pk, state__in=before).update(state=after, **fields)
    run.refresh_from_db()
    return bool(moved)
