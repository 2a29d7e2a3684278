"""The built-in sink of channels other than e-mail: what was sent can be read in the mailbox."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from delivery.channels.base import Connection, Outcome, Outgoing, TransportError, Verdict
from delivery.models import ReceivedMessage
from delivery.providers.routing import BuiltIn

#: Builds what a provider would get. Raises TransportError for what none would take.
Payload = Callable[[Outgoing], dict[str, Any]]


class SinkConnection:
    """Stores a batch in one statement. A repeat is a second row, as it would be a second message."""

    def __init__(self, channel: str, payload: Payload) -> None:
        self.channel = channel
        self.payload = payload

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Store the messages that a provider would take; committed before the first outcome."""
        rows, outcomes = [], []
        for message in batch:
            try:
                rows.append(self._row(message))
                outcomes.append(Outcome(message.key, Verdict.SENT))
            except TransportError as error:
                verdict = Verdict.REFUSED if error.permanent else Verdict.POSTPONED
                outcomes.append(Outcome(message.key, verdict, str(error), error.bounced))
        ReceivedMessage.objects.bulk_create(rows)
        yield from outcomes

    def _row(self, message: Outgoing) -> ReceivedMessage:
        content = message.content
        return ReceivedMessage(
            channel=self.channel,
            address=message.address[:320],
            message_id=message.message_id,
            title=storable(content.subject)[:500],
            text=storable(content.text),
            payload=storable(self.payload(message)),
            received_at=message.date,
        )


def sink_of(channel: str, payload: Payload) -> BuiltIn | None:
    """Return the opener of a channel's sink; None where sinks are off, for nobody would get the message."""

    @contextmanager
    def opened() -> Iterator[Connection]:
        yield SinkConnection(channel, payload)

    return opened if settings.DELIVERY_SINKS else None


def storable(value: Any) -> Any:
    """Return text, or JSON with text in it, that a column takes: no NUL, no lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value
