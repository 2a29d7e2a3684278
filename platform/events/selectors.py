"""Reads of events."""

from datetime import datetime

from django.db.models import QuerySet

from events.models import Event


def timeline(customer_id: int, *, as_of: datetime, limit: int = 50) -> list[Event]:
    """Return what a customer did before a moment, the latest first. Served by one index."""
    return list(
        Event.objects.filter(customer_id=customer_id, occurred_at__lt=as_of)
        .select_related("product")
        .order_by("-occurred_at")[:limit]
    )


def of_order(order_id: str, *, customer_id: int, as_of: datetime) -> QuerySet[Event]:
    """Return the events of one of a customer's orders before a moment."""
    return Event.objects.filter(customer_id=customer_id, order_id=order_id, occurred_at__lt=as_of)
