"""Webhook: a partner's server is told what a customer would have been told."""

from contextlib import AbstractContextManager

from customers.models import Channel
from delivery.channels.base import Connection, Guard
from delivery.channels.by_customer import ByCustomerId
from delivery.channels.sink import sink_of
from delivery.channels.webhook import call
from delivery.channels.webhook.call import body_of
from delivery.providers.routing import Routed

KINDS = (call.KIND,)


class WebhookChannel(ByCustomerId):
    """Messages about a customer, posted to the servers that are set up as providers."""

    def connect(self, guard: Guard | None = None) -> AbstractContextManager[Connection]:
        """Return a connection over the servers, or to the sink."""
        return Routed(Channel.WEBHOOK, sink_of(Channel.WEBHOOK, body_of), guard)
