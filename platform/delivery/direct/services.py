"""Asking for messages: into the day's open run, from where the outbox takes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from core.ids import uuid7
from delivery import dispatch
from delivery.direct.models import DirectMessage
from delivery.direct.selectors import current
from delivery.direct.source import SOURCE
from delivery.models import Message, MessageState, Run, SkipReason
from delivery.services.launching import ensure_run_partition

#: How often a day's run may be cancelled and begun anew.
MOST_RUNS = 50

# The run's row is locked by this, so that two asks at once neither lose count nor number the same.
_ADD_TO_RUN = """
UPDATE delivery_run SET audience = audience + 1
 WHERE source = %s AND reference = %s AND launch = %s AND state IN ('running', 'paused') AND open_until > %s
RETURNING id
"""
_INSERT = """
INSERT INTO delivery_message
       (run_id, source, channel, customer_id, occurrence, state, context, due_at, expires_at)
SELECT %(run)s, %(source)s, %(channel)s, %(customer)s,
       COALESCE((SELECT max(m.occurrence) + 1 FROM delivery_message m
                  WHERE m.run_id = %(run)s AND m.source = %(source)s AND m.customer_id = %(customer)s
                    AND m.step = 0), 0),
       'pending', %(context)s::jsonb, %(due_at)s, %(expires_at)s
RETURNING id
"""


class TooManyRuns(Exception):
    """The day's run was cancelled again and again; somebody does not want these messages to go."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One message that a partner wants to be sent.

    `content` holds members of delivery.sources.Rendered, or `template_name` and `context`.
    """

    customer_id: int
    channel: str
    topic: str
    transactional: bool
    content: Mapping[str, Any]
    due_at: datetime
    expires_at: datetime | None = None


def ask(wish: Ask, *, now: datetime) -> DirectMessage:
    """Store a message for the outbox and wake a worker. Five statements, about 4 ms.

    The messages of a day with the same channel and topic share a run that stays open until the day's
    end: a run each would cost the sweeper a question each. Raises TooManyRuns.
    """
    direct = DirectMessage(
        id=uuid7(),
        customer_id=wish.customer_id,
        content=json.dumps(dict(wish.content), cls=DjangoJSONEncoder, ensure_ascii=False),
        created_at=now,
    )
    with transaction.atomic():
        run_id = _day_run(wish, now)
        with connection.cursor() as cursor:
            cursor.execute(
                _INSERT,
                {
                    "run": run_id,
                    "source": SOURCE,
                    "channel": wish.channel,
                    "customer": wish.customer_id,
                    "context": json.dumps({"direct": str(direct.id)}),
                    "due_at": wish.due_at,
                    "expires_at": wish.expires_at,
                },
            )
            direct.run_id, direct.message_key = run_id, cursor.fetchone()[0]
        direct.save(force_insert=True)
        if wish.due_at <= now:
            dispatch.wake(run_id, workers=1)
    return direct


def cancel(direct: DirectMessage) -> bool:
    """Take back a message that still waits, or its repeat. Return whether it did."""
    last = current(direct)
    taken = Message.objects.filter(run=last.run_id, pk=last.pk, state=MessageState.PENDING).update(
        state=MessageState.SKIPPED, skip_reason=SkipReason.CANCELLED
    )
    return bool(taken)


def forget_before(moment: datetime) -> int:
    """Clear the contents asked for before a moment and return how many there were."""
    with connection.cursor() as cursor:  # the column is encrypted, but an empty one stays empty
        cursor.execute(
            "UPDATE delivery_directmessage SET content = '' WHERE created_at < %s AND content <> ''", [moment]
        )
        return int(cursor.rowcount)


def _day_run(wish: Ask, now: datetime) -> Any:
    """Count the message into the day's run, making it when it is the first one."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    reference = day.date().isoformat()
    name = f"{wish.channel}:{wish.topic}" + (":transactional" if wish.transactional else "")
    for number in range(1, MOST_RUNS + 1):
        launch = name[:60] if number == 1 else f"{name[:60]}:{number}"
        with connection.cursor() as cursor:
            cursor.execute(_ADD_TO_RUN, [SOURCE, reference, launch, now])
            if found := cursor.fetchone():
                return found[0]
        run = Run(
            id=uuid7(),
            source=SOURCE,
            reference=reference,
            launch=launch,
            channel=wish.channel,
            topic=wish.topic,
            transactional=wish.transactional,
            as_of=now,
            created_at=now,
            open_until=day + timedelta(days=1),
        )
        ensure_run_partition(run)
        Run.objects.bulk_create([run], ignore_conflicts=True)
        with connection.cursor() as cursor:
            cursor.execute(_ADD_TO_RUN, [SOURCE, reference, launch, now])
            if found := cursor.fetchone():
                return found[0]
    raise TooManyRuns
