"""What the outbox hands to a channel, and what the channel answers for each message."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol
from uuid import UUID

from customers.models import Customer
from delivery.models import Provider
from delivery.sources import Rendered


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message, addressed and rendered. `key` is the message's database id.

    A message without a run is a test: nothing is kept about it. One without an unsubscribe address is
    transactional. `return_path` is the envelope sender to which bounces go.
    """

    key: int
    message_id: str
    address: str
    content: Rendered
    unsubscribe_url: str
    date: datetime
    run_id: UUID | None = None
    customer_id: int = 0
    return_path: str = ""


class Verdict(Enum):
    """How the attempt ended."""

    SENT = "sent"  # the provider took it over
    REFUSED = "refused"  # for ever: another attempt would end alike
    POSTPONED = "postponed"  # for now: another attempt may succeed
    UNKNOWN = "unknown"  # handed over, but the provider never answered: it may have gone
    UNTRIED = "untried"  # the provider cannot be reached; the message was not offered to it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message.

    `bounced` says that the address itself does not exist, `retry_after` how long the provider asked to
    be left alone, `reference` under which id it keeps the message: receipts will name it.
    """

    key: int
    verdict: Verdict
    error: str = ""
    bounced: bool = False
    retry_after: timedelta | None = None
    reference: str = ""


class TransportError(Exception):
    """The provider did not take the message; `permanent` says whether trying again is of use."""

    def __init__(
        self,
        message: str,
        permanent: bool,
        *,
        bounced: bool = False,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.bounced = bounced
        self.retry_after = retry_after


class OutcomeUnknown(Exception):
    """The message was handed over and the answer never came."""


class ProviderUnreachable(Exception):
    """The provider cannot be reached, so nothing was offered to it."""


class Connection(Protocol):
    """An open way to the provider, kept for many batches. Not safe for several threads."""

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Offer the messages and yield an outcome for each as soon as it is known, in their order.

        After one UNTRIED all further ones are UNTRIED as well, at once.
        """


class Guard(Protocol):
    """Wraps the connection of each provider that is used: the outbox's rate limits and breaker.

    A guarded connection that yields UNTRIED (the breaker is open) sends the rest of the batch to the
    next provider. `provider` is None for what is built in.
    """

    def __call__(self, provider: Provider | None, connection: Connection) -> Connection:
        """Return the connection, guarded."""


class Channel(Protocol):
    """One kind of address and the providers behind it."""

    def addresses(self, customers: Sequence[Customer]) -> dict[int, str]:
        """Return by customer id the addresses, in their compared form, of those who have a usable one.

        At most one query whatever the number of customers.
        """

    def address_hash(self, address: str) -> str:
        """Return the keyed hash under which the address would be suppressed."""

    def connect(self, guard: Guard | None = None) -> AbstractContextManager[Connection]:
        """Open a connection over the channel's providers; each opens with its first message."""
