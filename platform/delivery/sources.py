"""What the outbox asks of those who have something to say.

Delivery does not know campaigns. A *message source* names itself, chooses an audience as SQL, renders
a batch and says who may still be written to; campaigns is one, journeys will be another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from core.registry import Registry
from delivery.models import Message, Run


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready for its channel. Each channel reads what it can show and leaves the rest.

    It goes to the address that was checked for consent and suppression; `to` is for previews.

    - e-mail: subject, html, text, from_email, headers
    - SMS: text as a person reads it; template, variables and signature where the provider wants an
      approved template (mainland China)
    - push and on site: subject (the title), text, url, image, data; expires_at
    - webhook: all of these as JSON
    - staff: subject, text, url
    """

    to: str = ""
    subject: str = ""
    html: str = ""
    text: str = ""
    from_email: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    template: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    signature: str = ""
    url: str = ""
    image: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None
    #: What the source adds to the UTM parameters of links, as {"utm_campaign": "spring"}.
    utm: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skip:
    """A message that shall not go, and why (a delivery.models.SkipReason)."""

    reason: str


class MessageSource(Protocol):
    """One who has messages to send."""

    def render(
        self, run: Run, messages: Sequence[Message], now: datetime
    ) -> dict[int, tuple[Rendered, dict[str, Any]] | Skip]:
        """Render a claimed batch: per message id the content and the context to freeze, or a Skip.

        Called while the claim is held, in the transaction that freezes the contexts and before any
        provider is called: what must happen together with sending (assigning a coupon code) happens
        here, with a constant number of queries for the batch. Only people who may be written to are
        asked for. When it raises, it is asked again for each message by itself; one that still fails
        is tried three times.
        """

    def finished(self, run: Run, now: datetime) -> None:
        """Take note that nothing of the run is left to send.

        Called in the transaction that finishes the run, which may still be rolled back (and come again):
        write to the database only.
        """

    def paused(self, run: Run, now: datetime) -> None:
        """Take note that the run was paused without a person (delivery.deliverability.guard).

        Called in the transaction that pauses the run, before its row is locked.
        """


@runtime_checkable
class Foretells(Protocol):
    """A source that can say what it would have sent, without spending anything for it."""

    def would_be(self, run: Run, messages: Sequence[Message], now: datetime) -> dict[int, dict[str, Any]]:
        """Return by message id the context with which each of those held out would have been written to.

        The same lists and words as for the others, but no coupon code. A constant number of queries.
        """


@runtime_checkable
class Vetoes(Protocol):
    """A source whose messages may be overtaken by what their people do."""

    def vetoed(self, run: Run, messages: Sequence[Message], now: datetime) -> dict[int, str]:
        """Return by message id why those shall not go any more (a delivery.models.SkipReason).

        Asked before rendering, and again while sending lasts. A constant number of queries.
        """


sources: Registry[MessageSource] = Registry("message source")
