"""What recommendations ask of higher apps."""

from collections.abc import Callable
from datetime import datetime

from core.registry import Registry

#: By name: what messages showed to a customer since a moment, as skus. Who sends fills it.
messaged: Registry[Callable[[int, datetime], set[str]]] = Registry("source of messages")


def messaged_skus(customer_id: int, since: datetime) -> set[str]:
    """Return the skus that any message showed to a customer since a moment."""
    return {sku for _, source in messaged for sku in source(customer_id, since)}
