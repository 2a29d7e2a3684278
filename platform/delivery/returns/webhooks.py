"""What providers tell by webhook, through django-anymail's one shape for all of them.

Anymail checks each provider's signature and our shared secret before it sends its signal. Providers
repeat what was not answered, and some repeat what was; a repeat changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from core import clock
from core.encryption import keyed_hash, normalise_email
from customers.models import Channel
from delivery.identity import read_token
from delivery.models import Handover, Message
from delivery.returns.classify import by_words, find_status
from delivery.returns.models import BounceClass, ReturnKind
from delivery.returns.parts import without_addresses
from delivery.returns.services import Returned, take
from delivery.returns.verp import Reference
from delivery.returns.verp import read as read_verp
from delivery.tokens import InvalidToken
from delivery.unsubscribe import unsubscribe_recipient

log = structlog.get_logger(__name__)

#: The key under which a message's signed name stands in the provider's metadata: its bounce address, or
#: the token of its unsubscribe link.
METADATA = "ref"

_REASONS = {
    RejectReason.INVALID: BounceClass.HARD,
    RejectReason.BOUNCED: BounceClass.HARD,
    RejectReason.TIMED_OUT: BounceClass.SOFT,
    RejectReason.BLOCKED: BounceClass.BLOCK,
    RejectReason.SPAM: BounceClass.BLOCK,
}


def receive(sender: Any, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> None:
    """Take a tracking event; the receiver of `anymail.signals.tracking`."""
    take_event(event, provider=esp_name, now=clock.now())


def take_event(event: AnymailTrackingEvent, *, provider: str, now: datetime) -> bool:
    """Act on what a provider told. Return whether it was new and of use."""
    reference = _reference(event)
    if event.event_type == EventType.UNSUBSCRIBED:
        if reference is None:
            return False
        found = Message.objects.select_related("run").filter(run=reference.run_id, pk=reference.message)
        message = found.first()
        return message is not None and unsubscribe_recipient(message, now=now)
    returned = normalise(event, provider=provider, now=now, reference=reference)
    return returned is not None and bool(take([returned], now=now))


def normalise(
    event: AnymailTrackingEvent, *, provider: str, now: datetime, reference: Reference | None = None
) -> Returned | None:
    """Return the bounce or complaint that an event tells of; None for all else (opens, clicks, sent)."""
    match event.event_type:
        case EventType.COMPLAINED:
            kind, bounce_class = ReturnKind.COMPLAINT, BounceClass.UNKNOWN
        case EventType.BOUNCED | EventType.FAILED | EventType.REJECTED:
            kind, bounce_class = ReturnKind.BOUNCE, _class_of(event)
        case EventType.DEFERRED:
            kind, bounce_class = ReturnKind.BOUNCE, BounceClass.DELAYED
        case EventType.AUTORESPONDED:
            kind, bounce_class = ReturnKind.BOUNCE, BounceClass.AUTO_REPLY
        case _:
            return None
    words = event.mta_response or event.description or ""
    told_as = event.event_id or f"{event.message_id}/{event.recipient}/{event.event_type}/{event.timestamp}"
    return Returned(
        kind=kind,
        bounce_class=bounce_class,
        source=provider.lower(),
        occurred_at=min(event.timestamp or now, now),
        run_id=reference.run_id if reference else None,
        message=reference.message if reference else None,
        hash_start=reference.hash_start if reference else "",
        address_hash="" if reference else _hash(event.recipient),
        status=find_status(words),
        diagnostic=without_addresses(words),
        told_as=told_as,
    )


def _class_of(event: AnymailTrackingEvent) -> BounceClass:
    """Return the class: the provider's own word, unless the server's words say that it is not final."""
    words = event.mta_response or event.description or ""
    said = by_words(words)
    given = _REASONS.get(event.reject_reason, BounceClass.UNKNOWN)
    if given == BounceClass.HARD and said in (BounceClass.SOFT, BounceClass.BLOCK):
        return said
    if given == BounceClass.HARD and not said and _type_of(event) == "SoftBounce":
        return BounceClass.SOFT  # Postmark's, which anymail counts among the bounces for good
    return given or said


def _type_of(event: AnymailTrackingEvent) -> str:
    told = event.esp_event
    return str(told.get("Type", "")) if isinstance(told, Mapping) else ""


def _reference(event: AnymailTrackingEvent) -> Reference | None:
    told = str((event.metadata or {}).get(METADATA, ""))
    if not told:
        # Some providers bring no metadata back; they name the message by the id that they gave it.
        handed = Handover.objects.filter(reference=event.message_id or "", provider__channel=Channel.EMAIL)
        found = handed.values_list("run_id", "message_id").first() if event.message_id else None
        return Reference(*found) if found else None
    try:
        return read_verp(told) if "@" in told else Reference(*read_token(told))
    except InvalidToken:
        log.warning("webhook_reference_forged")
        return None


def _hash(recipient: str | None) -> str:
    try:
        return keyed_hash("email", normalise_email(recipient or ""))
    except ValueError:
        return ""
