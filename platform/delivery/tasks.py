"""Celery's side of the outbox."""

import time
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.core.exceptions import ObjectDoesNotExist

from core import clock
from delivery import dispatch
from delivery.deliverability.guard import guard
from delivery.direct.services import forget_before
from delivery.direct.source import KEPT
from delivery.endpoints import hooks
from delivery.outbox.claim import claim_wake_up
from delivery.outbox.send import take_turn
from delivery.outbox.sweep import sweep as sweep_outbox
from delivery.tracking.judge import judge

#: A task ends well inside the 20 s that a stopping worker has, and wakes its successor.
TURN = timedelta(seconds=12)
#: The sweeper comes every 30 s in any case, so nothing is woken later than that.
LONGEST_PAUSE = timedelta(seconds=30)
#: With more wake-ups than this in the queue, workers have enough to do: the sweeper adds none.
MOST_WAITING = 200


@shared_task
def deliver(*, run_id: str) -> None:
    """Send what is due of a run, for one turn. Whatever fails is taken up by the sweeper."""
    until = clock.now() + TURN
    try:
        turn = take_turn(UUID(run_id), clock=clock.now, until=until, wait=time.sleep)
    except ObjectDoesNotExist:
        return  # woken for a run whose launch was rolled back
    now = clock.now()
    if turn.again_at is not None:
        # Later: a rate was used up, or retries wait. The worker is free for other runs meanwhile.
        at = max(turn.again_at, now)
        if at - now <= LONGEST_PAUSE and claim_wake_up(UUID(run_id), at, now=now):
            dispatch.wake(UUID(run_id), workers=1, after=at - now)
    elif now >= until:
        dispatch.wake(UUID(run_id), workers=1)


@shared_task(expires=60)
def sweep() -> None:
    """Repair what dead workers left, and wake workers for runs that have none. Beat sends it every 30 s."""
    runs = sweep_outbox(now=clock.now()).runs_to_wake
    if dispatch.backlog() <= MOST_WAITING:
        for run_id in runs:
            dispatch.wake(run_id)


@shared_task(expires=3600)
def forget_contents() -> None:
    """Clear what was sent directly or told to partners longer ago than is kept. Beat sends it every day."""
    forget_before(clock.now() - KEPT)
    hooks.forget_before(clock.now() - KEPT)


@shared_task(expires=60)
def judge_touches() -> None:
    """Turn opens and clicks into events. Each touch asks for it; beat sends it every 30 s as well."""
    judge(now=clock.now())


@shared_task(expires=60)
def guard_runs() -> None:
    """Pause runs of which too much came back. Beat sends it every 30 s; twin of `manage.py guard`."""
    guard(now=clock.now())


@shared_task(expires=60)
def tell_hooks() -> None:
    """Tell partners' servers what happened. Beat sends it every 10 s."""
    hooks.deliver(now=clock.now())
