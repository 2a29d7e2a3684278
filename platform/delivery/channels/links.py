"""Addresses inside messages: only those that a browser opens as a page."""

from urllib.parse import urlsplit

from delivery.channels.base import TransportError
from delivery.sources import Rendered

LONGEST = 1000


def check_links(content: Rendered) -> None:
    """Raise TransportError (permanent) for a link or picture that is not http(s), such as javascript:."""
    for address in (content.url, content.image):
        if address and not is_web(address):
            raise TransportError("A link of the content is not a web address.", permanent=True)


def is_web(address: str) -> bool:
    """Say whether an address is a plain http(s) address."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    plain = not any(c.isspace() or ord(c) < 32 or ord(c) == 127 for c in address)
    return plain and parts.scheme in ("http", "https") and bool(host) and len(address) <= LONGEST
