"""What the facts say about people, and what erasures and exports do with it. Merges: see merging."""

from datetime import datetime
from typing import Any

from django.db import connection

from customers.holdings import plain
from customers.registries import Person, erasers, exporters, followers, watchers
from events.changes import Queue
from events.merging import EventFollower
from events.models import Event, EventType

#: What stays, without the person, because the shop's sums need it: sales and what came back.
KEPT_TYPES = [EventType.PURCHASE.value, EventType.REFUND.value, EventType.CANCEL.value]
_SHOWN = (
    "type", "source", "message_id", "product__sku", "product__name", "order_id", "quantity", "amount",
    "discount", "original_amount", "currency", "properties", "occurred_at", "received_at",
)  # fmt: skip


class Events:
    """Erase and export the facts about a person."""

    def erase(self, person: Person, now: datetime) -> int:
        """Cut sales from the person and delete everything else.

        A sale keeps type, product, quantity, amounts and time: no customer, actor, order, properties or
        message id tie it to anybody or to the other lines of its order. The keys of all events stay, so
        that a repeat does not bring the person back. Two statements by the customer's index.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM events_event WHERE (customer_id = %(customer)s OR"
                " (customer_id IS NULL AND actor_id = ANY(%(actors)s))) AND type <> ALL(%(kept)s)",
                {"customer": person.customer_id, "actors": list(person.identifier_ids), "kept": KEPT_TYPES},
            )
            rows = cursor.rowcount
            cursor.execute(
                "UPDATE events_event SET customer_id = NULL, actor_id = NULL, order_id = NULL,"
                " properties = NULL, message_id = 'erased-' || id"
                " WHERE customer_id = %s",
                [person.customer_id],
            )
            return int(rows + cursor.rowcount)

    def export(self, customer_id: int) -> list[dict[str, Any]]:
        """Return every event of the person, oldest first."""
        rows = Event.objects.filter(customer=customer_id).order_by("occurred_at", "id")
        return [plain(row) for row in rows.values(*_SHOWN)]


class Quarantine:
    """Erase events that were held back and name the person."""

    def erase(self, person: Person, now: datetime) -> int:
        """Delete held events whose payload names one of the person's ids or addresses. One scan."""
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM events_quarantinedevent WHERE payload->>'customer' = ANY(%(ids)s)"
                " OR payload->'customer'->>'external_id' = ANY(%(ids)s)"
                " OR lower(payload->'customer'->>'email') = ANY(%(emails)s)"
                " OR payload->'customer'->>'phone' = ANY(%(phones)s)",
                {
                    "ids": list(person.external_ids),
                    "emails": list(person.emails),
                    "phones": list(person.phones),
                },
            )
            return int(cursor.rowcount)


def register() -> None:
    """Say what happens to the facts."""
    followers.add("events.event", EventFollower())
    erasers.add("events.event", Events())
    exporters.add("events.event", Events())
    erasers.add("events.quarantinedevent", Quarantine())
    watchers.add("events.changedcustomer", Queue())
    followers.add("events.changedcustomer", Queue())
    erasers.add("events.changedcustomer", Queue())
    exporters.add("events.changedcustomer", Queue())
