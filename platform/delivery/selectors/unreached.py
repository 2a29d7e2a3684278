"""Who did not get it, and why."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q

from delivery.models import Message, MessageState, Run

#: What counts as not reached; the held out were not meant to be.
UNREACHED = (MessageState.SKIPPED, MessageState.FAILED, MessageState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Cause:
    """A state and a reason, and how many messages ended so."""

    state: str
    reason: str
    messages: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why some messages of a run wait, how many, and when the first of them goes."""

    reason: str
    messages: int
    first_at: datetime


def waiting(run: UUID) -> list[Waiting]:
    """Return why a run's messages wait that were looked at and put off. One look into its queue."""
    put_off = Message.objects.filter(run=run, state=MessageState.PENDING).exclude(skip_reason="")
    rows = put_off.order_by().values_list("skip_reason").annotate(n=Count("id"), at=Min("due_at"))
    return [Waiting(*row) for row in rows.order_by("-n")]


def causes(*, run: UUID | None, since: datetime) -> list[Cause]:
    """Return the causes for a run, or for the runs launched since, the most frequent first.

    Two queries over partial indexes that hold only what was not sent.
    """
    runs = [run] if run else list(Run.objects.filter(created_at__gte=since).values_list("pk", flat=True))
    mine = Message.objects.filter(run__in=runs).order_by()
    rows = mine.filter(state__in=[MessageState.FAILED, MessageState.SKIPPED]).values_list(
        "state", "skip_reason"
    )
    found = [Cause(*row) for row in rows.annotate(n=Count("id"))]
    if uncertain := mine.filter(Q(state=MessageState.UNCERTAIN)).count():
        found.append(Cause(MessageState.UNCERTAIN, "", uncertain))
    return sorted(found, key=lambda cause: (-cause.messages, cause.state, cause.reason))
