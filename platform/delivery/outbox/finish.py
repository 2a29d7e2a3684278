"""When a run is over."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from delivery.models import Message, MessageState, Run
from delivery.sources import sources

#: In the hands of workers, or uncertain and waiting for a person's decision.
HELD = (MessageState.CLAIMED, MessageState.SENDING, MessageState.UNCERTAIN)
#: How long the transaction of a message that is added to an open run may take, clocks being what they are.
LATECOMERS = timedelta(minutes=5)


def finish_if_done(run_id: UUID, *, now: datetime) -> bool:
    """Finish a running run of which nothing is open, and tell its source. Return whether it was now.

    When the source fails, the run stays unfinished and the sweeper tries again.
    """
    run = _done(run_id, now).first()
    if run is None:
        return False
    with transaction.atomic():
        # The source goes first: whoever pauses or cancels locks its record first and the run second.
        sources.get(run.source).finished(run, now)
        if not _done(run_id, now).update(state=Run.State.FINISHED, finished_at=now):
            transaction.set_rollback(True)  # paused, or finished by another worker, meanwhile
            return False
    return True


def _done(run_id: UUID, now: datetime) -> QuerySet[Run]:
    # Asked apart, so that each question has its own small index.
    messages = Message.objects.filter(run=OuterRef("pk"))
    waiting, held = messages.filter(state=MessageState.PENDING), messages.filter(state__in=HELD)
    unrecorded = messages.filter(state=MessageState.HELD_OUT, fence=0)
    closed = Q(open_until=None) | Q(open_until__lte=now - LATECOMERS)  # else messages may still be added
    return Run.objects.filter(
        closed, ~Exists(waiting), ~Exists(held), ~Exists(unrecorded), pk=run_id, state=Run.State.RUNNING
    )
