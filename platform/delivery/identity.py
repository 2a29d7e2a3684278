"""The names under which a message is known outside: its Message-ID and its unsubscribe link."""

from uuid import UUID, uuid5

from django.conf import settings
from django.core import signing
from django.urls import reverse

from delivery.models import Message

_SALT = "delivery.unsubscribe"


class InvalidToken(Exception):
    """The link was not made here, or was changed."""


def message_id(message: Message, sender: str) -> str:
    """Return the Message-ID header; a repeated sending of the same message carries the same.

    It derives from (run, customer, step, occurrence) and the sender's domain.
    """
    key = uuid5(message.run_id, f"{message.customer_id}/{message.step}/{message.occurrence}")
    domain = sender.rpartition("@")[2].strip(" >") or "localhost"
    return f"<{key.hex}@{domain}>"


def unsubscribe_token(message: Message) -> str:
    """Return the signed token of a message's unsubscribe link. It holds ids of the message only."""
    return signing.dumps([message.run_id.hex, message.id], salt=_SALT)


def unsubscribe_url(message: Message) -> str:
    """Return the full address of the page on which the recipient can unsubscribe."""
    path = reverse("delivery:unsubscribe", kwargs={"token": unsubscribe_token(message)})
    return settings.PUBLIC_URL.rstrip("/") + path


def read_token(token: str) -> tuple[UUID, int]:
    """Return run id and message id of a token. Raises InvalidToken; tokens do not expire."""
    try:
        run_id, key = signing.loads(token, salt=_SALT)
        return UUID(run_id), int(key)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidToken from error
