"""Events as partners send them."""

from typing import Any


def event(message_id: str = "m1", **fields: Any) -> dict[str, Any]:
    """Return a purchase that is right, with some fields changed; None takes one out."""
    body = {
        "message_id": message_id,
        "type": "purchase",
        "source": "shop",
        "occurred_at": "2026-02-01T10:00:00Z",
        "customer": "alice",
        "sku": "tea",
        "order_id": "o1",
        "quantity": 2,
        "amount": {"amount": "12.30", "currency": "USD"},
    } | fields
    return {name: value for name, value in body.items() if value is not None}
