"""The names under which a message is known outside: its Message-ID and its unsubscribe link."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from uuid import UUID, uuid5

from django.conf import settings
from django.core import signing
from django.urls import reverse

from delivery.models import Message
from delivery.tokens import InvalidToken

__all__ = [
    "InvalidToken", "message_id", "preferences_url", "read_token", "unsubscribe_token", "unsubscribe_url",
]  # fmt: skip

_PLACE = "TOKEN"


def message_id(message: Message, sender: str) -> str:
    """Return the Message-ID header; a repeated sending of the same message carries the same.

    It derives from (run, customer, step, occurrence) and the sender's domain.
    """
    key = uuid5(message.run_id, f"{message.customer_id}/{message.step}/{message.occurrence}")
    domain = sender.rpartition("@")[2].strip(" >") or "localhost"
    return f"<{key.hex}@{domain}>"


def unsubscribe_token(message: Message) -> str:
    """Return the signed token of a message's unsubscribe link. It holds ids of the message only."""
    payload = message.run_id.bytes + message.id.to_bytes(8)
    return _signer().sign(urlsafe_b64encode(payload).decode())


def unsubscribe_url(message: Message) -> str:
    """Return the full address of the page on which the recipient can unsubscribe."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{_path().replace(_PLACE, unsubscribe_token(message))}"


@cache  # the routes are fixed once the process runs, and asking them costs more than the signature
def _path() -> str:
    return reverse("delivery:unsubscribe", kwargs={"token": _PLACE})


def preferences_url(unsubscribe: str) -> str:
    """Return the address of the preference centre that belongs to an unsubscribe link."""
    return f"{unsubscribe}/preferences"


def read_token(token: str) -> tuple[UUID, int]:
    """Return run id and message id of a token. Raises InvalidToken; tokens do not expire."""
    try:
        payload = urlsafe_b64decode(_signer().unsign(token))
        return UUID(bytes=payload[:16]), int.from_bytes(payload[16:])
    except (signing.BadSignature, ValueError) as error:
        raise InvalidToken from error


def _signer() -> signing.Signer:
    # Made anew, so that a rotated SECRET_KEY and its fallbacks hold at once.
    return signing.Signer(salt="delivery.unsubscribe", sep=".")
