"""What messages showed to somebody."""

from datetime import datetime

from delivery.models import Message, MessageState


def shown_since(customer_id: int, since: datetime) -> set[str]:
    """Return the skus that messages sent since a moment showed to a customer. One query by index."""
    sent = Message.objects.filter(customer_id=customer_id, state=MessageState.SENT, sent_at__gte=since)
    return {
        str(sku) for context in sent.values_list("context", flat=True) for sku in context.get("products", ())
    }
