"""A mail taken apart without ever failing: what servers send as reports is often not what the RFCs say."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message

from charset_normalizer import from_bytes

_ADDRESS = re.compile(r"[^\s<>@;:,()\[\]\"']+@[^\s<>@;:,()\[\]\"']+")
_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{2,40}):[ \t]*(.*(?:\r?\n[ \t]+.+)*)", re.MULTILINE)
#: A report is small; what lies behind is the returned mail.
LARGEST = 1_000_000

Fields = dict[str, str]


def read(raw: bytes) -> Message:
    """Parse a mail; the old policy takes every header that there is."""
    return message_from_bytes(raw[:LARGEST], policy=policy.compat32)


def headers(message: Message) -> Fields:
    """Return the headers by lower-case name, decoded as well as it goes; the first one counts."""
    found: Fields = {}
    for name, value in message.raw_items():
        found.setdefault(name.lower(), decoded(_eight_bit(str(value))))
    return found


def decoded(value: str) -> str:
    """Return an encoded header as text."""
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError, UnicodeError):
        return value.encode("ascii", "replace").decode()


def _eight_bit(value: str) -> str:
    """Return what stands unencoded in a header: bytes that the parser keeps as lone surrogates."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        best = from_bytes(raw).best()
        return str(best) if best else raw.decode("utf-8", "replace")


def text(message: Message) -> str:
    """Return all readable text of a mail, whatever its charset claims to be."""
    return "\n".join(
        body(part)
        for part in message.walk()
        # A multipart without its boundary is one text.
        if not part.is_multipart() and part.get_content_maintype() in ("text", "multipart")
    )


def body(part: Message) -> str:
    """Return the text of one part; a wrong or missing charset is guessed."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return str(part.get_payload() or "")
    for charset in (part.get_content_charset(), "utf-8"):
        if charset:
            try:
                return payload.decode(charset)
            except (LookupError, UnicodeError):
                continue
    best = from_bytes(payload[:20_000]).best()
    return str(best) if best else payload.decode("utf-8", "replace")


def blocks(part: Message) -> list[Fields]:
    """Return the groups of fields of a machine-readable part: per message first, then per recipient."""
    payload = part.get_payload()
    if isinstance(payload, list):  # the parser takes message/delivery-status apart
        return [headers(block) for block in payload if isinstance(block, Message) and block.keys()]
    return [group for chunk in re.split(r"\n\s*\n", body(part)) if (group := fields(chunk))]


def fields(chunk: str) -> Fields:
    """Return the `Name: value` lines of a text."""
    found: Fields = {}
    for match in _FIELD.finditer(chunk):
        found.setdefault(match[1].lower(), " ".join(decoded(match[2]).split()))
    return found


def machine_parts(message: Message, kind: str) -> Iterator[Message]:
    """Yield the parts of a kind, as delivery-status or feedback-report, in its international form, too."""
    for part in message.walk():
        if part.get_content_type() in (f"message/{kind}", f"message/global-{kind}"):
            yield part


def returned_headers(message: Message) -> Fields:
    """Return the headers of the mail that a report is about, where it holds them."""
    for part in message.walk():
        kind = part.get_content_type()
        if kind in ("message/rfc822", "message/global"):
            payload = part.get_payload()
            if isinstance(payload, list) and payload and isinstance(payload[0], Message):
                return headers(payload[0])
            return fields(body(part))
        if kind in ("text/rfc822-headers", "message/global-headers"):
            return fields(body(part))
    return {}


def without_addresses(words: str, limit: int = 300) -> str:
    """Return a server's words on one line, without the addresses that it repeats."""
    return _ADDRESS.sub("…", " ".join(words.replace("\0", " ").split()))[:limit]
