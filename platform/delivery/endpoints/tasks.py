"""Tasks for staff: confirming them, and taking them along."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import User
from delivery.models import StaffTask
from events.models import EventType
from events.services import record


@transaction.atomic
def confirm(ids: Sequence[UUID], state: StaffTask.State, *, user: User, note: str, now: datetime) -> int:
    """Write down what became of open tasks and return how many were still open. Four statements."""
    tasks = list(
        StaffTask.objects.select_for_update()
        .filter(pk__in=ids, state=StaffTask.State.HANDED_OVER)
        .order_by("pk")
    )
    if not tasks:
        return 0
    StaffTask.objects.filter(pk__in=[task.pk for task in tasks]).update(
        state=state, done_at=now, done_by=user, note=note
    )
    kind = EventType.MESSAGE_DELIVERED if state == StaffTask.State.DONE else EventType.MESSAGE_BOUNCED
    record(
        [
            {
                "source": "rapport",
                "message_id": f"staff:{task.pk}",
                "type": kind,
                "customer_id": task.customer_id,
                "occurred_at": now,
                "properties": {"run": str(task.run_id), "channel": "staff", "message_key": task.message_key},
            }
            for task in tasks
        ],
        now,
    )
    audit.record(
        action="confirm_staff_tasks", target=tasks[0], now=now, user=user,
        after={"state": str(state), "tasks": len(tasks)},
    )  # fmt: skip
    return len(tasks)


def open_tasks() -> Iterator[list[Any]]:
    """Yield the head and the rows of the open tasks."""
    yield ["customer", "external_userid", "title", "text", "url"]
    found = StaffTask.objects.filter(state=StaffTask.State.HANDED_OVER).order_by("id")
    columns = ("customer__external_id", "external_userid", "title", "text", "url")
    for row in found.values_list(*columns).iterator(chunk_size=2000):
        yield list(row)
