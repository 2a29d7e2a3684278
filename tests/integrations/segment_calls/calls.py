"""A call as SDKs send it, and the events that calls became."""

from datetime import UTC, datetime
from typing import Any

from events.models import Event

WHEN = "2026-02-01T10:00:00.000Z"
AT = datetime(2026, 2, 1, 10, tzinfo=UTC)
PRODUCT = {
    "product_id": "507f1f77",
    "sku": "G-32",
    "category": "Games",
    "name": "A board game",
    "price": 18.99,
    "quantity": 1,
    "position": 3,
}
ORDER = {
    "order_id": "50314b8e",
    "revenue": 25.0,
    "currency": "USD",
    "coupon": "hasbros",
    "products": [
        {"product_id": "507f", "sku": "45790-32", "name": "A board game", "price": 19, "quantity": 1},
        {"product_id": "505b", "sku": "46493-32", "name": "A card game", "price": 3, "quantity": 2},
    ],
}


def rows(**filters: Any) -> list[tuple[Any, ...]]:
    """Return the events: source, id, type, customer, sku, order, quantity, amount."""
    return [
        (
            e.source,
            e.message_id,
            e.type,
            e.customer and e.customer.external_id,
            e.product and e.product.sku,
            e.order_id,
            e.quantity,
            e.amount,
        )
        for e in Event.objects.filter(**filters).select_related("customer", "product").order_by("message_id")
    ]


def track(event: str, properties: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a call of type track."""
    return {
        "userId": "u1",
        "event": event,
        "properties": properties or {},
        "messageId": "m1",
        "timestamp": WHEN,
    } | fields
