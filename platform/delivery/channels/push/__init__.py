"""App push: to every device that a customer's app has registered."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from customers.models import Channel, Customer
from delivery.channels.base import Connection, Guard
from delivery.channels.by_customer import ByCustomerId
from delivery.channels.push import fcm
from delivery.channels.push.payloads import shown
from delivery.channels.sink import sink_of
from delivery.models import PushToken
from delivery.providers.routing import Routed

KINDS = (fcm.KIND,)


class PushChannel(ByCustomerId):
    """Messages to the customer's devices; the address is the customer's own id."""

    def addresses(self, customers: Sequence[Customer]) -> dict[int, str]:
        """Return the ids of those who have a living device. One query."""
        with_device = set(
            PushToken.objects.filter(customer__in=[c.pk for c in customers], gone_at=None).values_list(
                "customer_id", flat=True
            )
        )
        return super().addresses([c for c in customers if c.pk in with_device])

    def connect(self, guard: Guard | None = None) -> AbstractContextManager[Connection]:
        """Return a connection over the push providers, or to the sink."""
        return Routed(Channel.PUSH, sink_of(Channel.PUSH, shown), guard)
