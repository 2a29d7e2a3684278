"""On site: into the customer's inbox, which the shop's site or app fetches over the REST interface.

A message is *sent* when it lies in the inbox; that it was seen, clicked or put away is told by whoever
shows it.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from customers.models import Channel
from delivery.channels.base import Connection, Guard, Outcome, Outgoing, TransportError, Verdict
from delivery.channels.by_customer import ByCustomerId
from delivery.channels.links import check_links
from delivery.channels.sink import storable
from delivery.models import OnsiteMessage
from delivery.providers.routing import Routed


class OnsiteChannel(ByCustomerId):
    """Messages to the inbox."""

    def connect(self, guard: Guard | None = None) -> AbstractContextManager[Connection]:
        """Return a connection to the inbox."""
        return Routed(Channel.ONSITE, _inbox, guard)


@contextmanager
def _inbox() -> Iterator[Connection]:
    yield Inbox()


class Inbox:
    """Puts a batch into the inbox by one statement; a repeat changes nothing."""

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Store the messages; committed before the first outcome."""
        rows, outcomes = [], []
        for message in batch:
            content = message.content
            try:
                check_links(content)
                if not (content.subject or content.text or content.data):
                    raise TransportError("The message has no text.", permanent=True)
            except TransportError as error:
                outcomes.append(Outcome(message.key, Verdict.REFUSED, str(error)))
                continue
            rows.append(_row(message))
            outcomes.append(Outcome(message.key, Verdict.SENT))
        OnsiteMessage.objects.bulk_create(rows, ignore_conflicts=True)
        yield from outcomes


def _row(message: Outgoing) -> OnsiteMessage:
    content = message.content
    return OnsiteMessage(
        customer_id=message.customer_id,
        run_id=message.run_id,
        message_key=message.message_id,
        title=storable(content.subject)[:300],
        text=storable(content.text),
        url=content.url,
        image=content.image,
        data=storable(content.data),
        created_at=message.date,
        expires_at=content.expires_at,
    )
