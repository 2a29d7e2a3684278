"""The inbox on site: what waits for a customer, and what he or she did with it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from delivery.models import OnsiteMessage
from events.models import EventType
from events.services import record

#: What can be told of a message, the column that keeps it, and the event it is.
ACTS: dict[str, tuple[str, EventType | None]] = {
    "shown": ("shown_at", EventType.MESSAGE_OPENED),
    "clicked": ("clicked_at", EventType.MESSAGE_CLICKED),
    "dismissed": ("dismissed_at", None),
}


def waiting(customer_id: int, *, now: datetime, limit: int = 20) -> Sequence[OnsiteMessage]:
    """Return the messages to show: neither put away nor expired, the newest first. One query."""
    living = Q(expires_at=None) | Q(expires_at__gt=now)
    found = OnsiteMessage.objects.filter(living, customer=customer_id, dismissed_at=None)
    return list(found.order_by("-created_at", "-id")[:limit])


@transaction.atomic
def acknowledge(customer_id: int, pk: UUID, act: str, *, now: datetime) -> bool | None:
    """Note what became of a message. Return whether it was new, None when there is no such message.

    A click says that it was shown as well. A repeat changes nothing.
    """
    column, event = ACTS[act]
    mine = OnsiteMessage.objects.filter(pk=pk, customer=customer_id)
    message = mine.select_for_update().first()
    if message is None:
        return None
    if getattr(message, column) is not None:
        return False
    mine.update(**{column: now})
    events = [event] if event else []
    if act == "clicked" and message.shown_at is None:
        mine.update(shown_at=F("clicked_at"))
        events.insert(0, EventType.MESSAGE_OPENED)
    record(
        [
            {
                "source": "rapport",
                "message_id": f"onsite:{pk}:{kind}",
                "type": kind,
                "customer_id": customer_id,
                "occurred_at": now,
                "properties": {
                    "run": str(message.run_id) if message.run_id else None,
                    "message_key": message.message_key,
                    "channel": "onsite",
                },
            }
            for kind in events
        ],
        now,
    )
    return True
