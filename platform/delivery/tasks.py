"""Celery's side of the outbox."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.core.exceptions import ObjectDoesNotExist

from core import clock
from delivery import dispatch
from delivery.deliverability.guard import guard
from delivery.outbox.send import deliver as deliver_run
from delivery.outbox.sweep import sweep as sweep_outbox
from delivery.tracking.judge import judge

#: A task ends well inside the 20 s that a stopping worker has, and wakes its successor.
TURN = timedelta(seconds=12)


@shared_task
def deliver(*, run_id: str) -> None:
    """Send what is due of a run, for one turn. Whatever fails is taken up by the sweeper."""
    until = clock.now() + TURN
    try:
        deliver_run(UUID(run_id), clock=clock.now, until=until)
    except ObjectDoesNotExist:
        return  # woken for a run whose launch was rolled back
    if clock.now() >= until:
        dispatch.wake(UUID(run_id), workers=1)


@shared_task(expires=60)
def sweep() -> None:
    """Repair what dead workers left, and wake workers for runs that have none. Beat sends it every 30 s."""
    for run_id in sweep_outbox(now=clock.now()).runs_to_wake:
        dispatch.wake(run_id)


@shared_task(expires=60)
def judge_touches() -> None:
    """Turn opens and clicks into events. Each touch asks for it; beat sends it every 30 s as well."""
    judge(now=clock.now())


@shared_task(expires=60)
def guard_runs() -> None:
    """Pause runs of which too much came back. Beat sends it every 30 s; twin of `manage.py guard`."""
    guard(now=clock.now())
