"""A person's decision about messages of which nobody knows whether they arrived."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts import audit
from accounts.models import User
from delivery.models import Message, MessageState, Run, SkipReason


def send_again(
    run: Run, *, now: datetime, message_ids: Collection[int] | None = None, user: User | None = None
) -> int:
    """Put uncertain messages back into the queue, under the same Message-ID. Return how many there were.

    All of the run, or those named. Some of them may arrive twice: that is the decision. An answer to
    the first attempt that comes in late no longer counts. Nothing happens to a run that is cancelled.
    """
    return _decide(
        run,
        "send_uncertain_again",
        message_ids,
        user,
        now,
        only_open=True,
        state=MessageState.PENDING,
        due_at=now,
        attempts=0,
        fence=F("fence") + 1,
        error="",
    )


def let_be(
    run: Run, *, now: datetime, message_ids: Collection[int] | None = None, user: User | None = None
) -> int:
    """Count uncertain messages as failed: they are not sent again. Return how many there were."""
    return _decide(
        run,
        "let_uncertain_be",
        message_ids,
        user,
        now,
        only_open=False,
        state=MessageState.FAILED,
        skip_reason=SkipReason.LET_BE,
    )


@transaction.atomic
def _decide(
    run: Run,
    action: str,
    message_ids: Collection[int] | None,
    user: User | None,
    now: datetime,
    *,
    only_open: bool,
    **change: Any,
) -> int:
    state = Run.objects.select_for_update().values_list("state", flat=True).get(pk=run.pk)
    if only_open and state not in (Run.State.RUNNING, Run.State.PAUSED):
        return 0
    uncertain = Message.objects.filter(run=run, state=MessageState.UNCERTAIN)
    if message_ids is not None:
        uncertain = uncertain.filter(pk__in=message_ids)
    count = uncertain.update(**change)
    if count:
        audit.record(action=action, target=run, now=now, user=user, after={"messages": count})
    return count
