"""Signed calls: HMAC-SHA256 over time and body, so that the receiver knows who calls and when.

    X-Rapport-Timestamp: 1764000000
    X-Rapport-Signature: v1=hex(HMAC-SHA256(secret, "<timestamp>.<body>"))

A receiver refuses what is older than five minutes and remembers `id`, which a repeat carries again.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from customers.models import Channel
from delivery.channels.base import Connection, Outgoing, TransportError
from delivery.channels.connection import OneByOne
from delivery.channels.http import HttpClient, require_success
from delivery.channels.links import check_links
from delivery.providers.kinds import Kind, Setting


@contextmanager
def connect(configuration: Mapping[str, Any]) -> Iterator[Connection]:
    """Open the way to a receiver."""
    client = HttpClient()

    def offer(message: Outgoing) -> str:
        try:
            body = orjson.dumps(body_of(message))
        except (TypeError, orjson.JSONEncodeError) as error:
            raise TransportError("The content cannot be written as JSON.", permanent=True) from error
        stamp = str(int(message.date.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Rapport-Webhook/1",
            "X-Rapport-Timestamp": stamp,
            "X-Rapport-Signature": signature(configuration["secret"], stamp, body),
        }
        require_success(client.post(configuration["url"], body, headers), now=message.date)
        return ""

    try:
        yield OneByOne(offer)
    finally:
        client.close()


def body_of(message: Outgoing) -> dict[str, Any]:
    """Return what the receiver gets. Raises TransportError (permanent) for links that are not web links."""
    content = message.content
    check_links(content)
    body = {
        "id": message.message_id,
        "type": "message",
        "customer": message.address,
        "at": message.date.isoformat(),
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "url": content.url,
        "image": content.image,
        "data": content.data,
    }
    return {name: value for name, value in body.items() if value not in ("", {})}


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of the signature's header."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


KIND = Kind(
    name="webhook",
    title=_("Webhook"),
    channel=Channel.WEBHOOK,
    open=connect,
    settings=(
        Setting("url", _("Address"), _("Of the receiver, with https://."), is_url=True),
        Setting("secret", _("Secret"), _("Signs each call; the receiver knows it too."), secret=True),
    ),
)
