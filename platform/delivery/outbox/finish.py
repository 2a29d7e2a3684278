"""When a run is over."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from delivery.models import Message, MessageState, Run
from delivery.sources import sources

#: A run with one of these is not over; uncertain ones wait for a person's decision.
OPEN = (MessageState.PENDING, MessageState.CLAIMED, MessageState.SENDING, MessageState.UNCERTAIN)


def finish_if_done(run_id: UUID, *, now: datetime) -> bool:
    """Finish a running run of which nothing is open, and tell its source; once. Return whether it was now.

    When the source fails, the run stays unfinished and the sweeper tries again.
    """
    open_messages = Message.objects.filter(run=OuterRef("pk"), state__in=OPEN)
    with transaction.atomic():
        finished = Run.objects.filter(~Exists(open_messages), pk=run_id, state=Run.State.RUNNING).update(
            state=Run.State.FINISHED, finished_at=now
        )
        if finished:
            run = Run.objects.get(pk=run_id)
            sources.get(run.source).finished(run, now)
    return bool(finished)
