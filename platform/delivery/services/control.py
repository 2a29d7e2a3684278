"""Pausing, resuming, cancelling and throttling a run: each one conditional UPDATE."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from delivery.models import Message, MessageState, Run, SkipReason


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


def throttle(run: Run, per_hour: int | None) -> bool:
    """Let at most so many messages of a run leave in an hour, None as many as can; also while it runs.

    Return whether the run was still open. Raises ValueError for a figure below 1.
    """
    if per_hour is not None and per_hour < 1:
        raise ValueError("At least one message an hour; pause the run to send none.")
    changed = Run.objects.filter(pk=run.pk, state__in=[Run.State.RUNNING, Run.State.PAUSED]).update(
        per_hour=per_hour
    )
    run.refresh_from_db()
    return bool(changed)


def _move(run: Run, before: Sequence[str], after: str, **fields: Any) -> bool:
    """Change the state by one conditional UPDATE; the object follows what the database says."""
    moved = Run.objects.filter(pk=run.pk, state__in=before).update(state=after, **fields)
    run.refresh_from_db()
    return bool(moved)
