"""Adding messages to a run that stays open: for what happens little by little."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from core.ids import uuid7
from delivery.channels import channels
from delivery.models import Run
from delivery.rules.models import OnHolidays
from delivery.services.launching import ensure_run_partition
from delivery.sources import sources

#: How often an open run may be ended by hand and begun anew.
MOST_RUNS = 50
#: A merge of customers moves what it finds twice beyond this (delivery.people).
_ORDINARY = 10_000

_ADD = """
INSERT INTO delivery_message
       (run_id, source, channel, customer_id, occurrence, state, skip_reason, context, due_at, expires_at)
SELECT %s, %s, %s, audience.customer_id,
       COALESCE((SELECT max(m.occurrence) + 1 FROM delivery_message m
                  WHERE m.run_id = %s AND m.source = %s AND m.customer_id = audience.customer_id
                    AND m.step = 0 AND m.occurrence < %s), 0) + audience.nth,
       CASE WHEN audience.held_out THEN 'held_out' WHEN audience.expires_at <= %s THEN 'skipped'
            ELSE 'pending' END,
       CASE WHEN audience.expires_at <= %s AND NOT audience.held_out THEN 'expired' ELSE '' END,
       audience.context, audience.due_at, audience.expires_at
  FROM ({audience}) AS audience
"""


class TooManyRuns(Exception):
    """The open run was ended again and again; somebody does not want these messages to go."""


def open_run(
    *,
    source: str,
    reference: str,
    launch: str,
    channel: str,
    topic: str,
    until: datetime,
    now: datetime,
    per_hour: int | None = None,
    priority: int = 0,
    holidays: str = OnHolidays.SEND,
    state: str = Run.State.RUNNING,
) -> Run:
    """Return the run of that launch that still takes messages, opening it when there is none.

    One that was cancelled or is over is followed by another, numbered. The row is locked until the caller's
    transaction ends, so that two who add neither lose count nor number alike. Raises TooManyRuns.
    """
    sources.get(source)
    channels.get(channel)
    named = Run.objects.select_for_update().filter(source=source, reference=reference)
    for number in range(1, MOST_RUNS + 1):
        name = launch if number == 1 else f"{launch}:{number}"
        for _attempt in range(2):
            found = named.filter(launch=name).first()
            if found is None:
                run = Run(
                    id=uuid7(), source=source, reference=reference, launch=name, channel=channel,
                    topic=topic, per_hour=per_hour, priority=priority, holidays=holidays, state=state,
                    as_of=now, created_at=now, open_until=until,
                )  # fmt: skip
                ensure_run_partition(run)
                Run.objects.bulk_create([run], ignore_conflicts=True)  # a rival's is found next time
                continue
            takes = found.open_until is not None and found.open_until > now
            if takes and found.state in (Run.State.RUNNING, Run.State.PAUSED):
                return found
            break
    raise TooManyRuns


def join(run: Run, audience: tuple[str, Sequence[Any]], *, now: datetime) -> int:
    """Add messages to an open run and return how many; one INSERT … SELECT.

    What is of no use any more is left out with that reason, so that it is seen.

    `audience` is SQL with its parameters whose rows are (customer_id, held_out, context, due_at, expires_at,
    nth), `nth` counting a customer's own rows from 0. Called in the transaction that opened the run.
    """
    sql, params = audience
    with transaction.atomic(), connection.cursor() as cursor:
        own: list[Any] = [run.pk, run.source, run.channel, run.pk, run.source, _ORDINARY, now, now]
        cursor.execute(_ADD.format(audience=sql), [*own, *params])
        added = int(cursor.rowcount)
        cursor.execute("UPDATE delivery_run SET audience = audience + %s WHERE id = %s", [added, run.pk])
    return added
