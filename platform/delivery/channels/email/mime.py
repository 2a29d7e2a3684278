"""Build the mail itself: one recipient, both alternatives, and the headers that marketing mail needs."""

import re
from email.utils import format_datetime, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError, sanitize_address

from delivery.channels.base import Outgoing, TransportError
from delivery.channels.email.dkim import signed

# RFC 5322 §2.2: printable US-ASCII without the colon. Django checks values for line breaks, not names.
_HEADER_NAME = re.compile(r"[!-9;-~]+")

# RFC 5321 §4.1.2: a dot-string at a domain, without display name, quotes or comments.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")

# Written below from checked values; a source may not replace them.
_OURS = {
    *("bcc", "cc", "from", "reply-to", "return-path", "sender", "to"),
    *("content-transfer-encoding", "content-type", "date", "message-id", "mime-version", "subject"),
    *("list-unsubscribe", "list-unsubscribe-post"),
}


def build(mail: Outgoing) -> bytes:
    """Return the mail with CRLF line ends. About 0.3 ms. Raises TransportError as `email_message` does."""
    message = email_message(mail)
    try:
        raw = bytes(message.message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]  # Django's own
    except (BadHeaderError, ValueError) as error:
        raise _unfit() from error
    return signed(raw, parseaddr(message.from_email)[1])


def email_message(mail: Outgoing) -> EmailMultiAlternatives:
    """Return the mail as Django holds it: one recipient, text and HTML, and the headers it must have.

    List-Unsubscribe and List-Unsubscribe-Post follow RFC 8058; transactional mail has none. Raises
    TransportError (permanent) when a header's name or value is not fit for a mail, as with a line break
    in the subject.
    """
    content = mail.content
    headers = {"Date": format_datetime(mail.date), "Message-ID": mail.message_id}
    if mail.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    for name, value in content.headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS:
            raise TransportError("The content sets a header that is not allowed.", permanent=True)
        headers[name] = value
    for value in (content.subject, content.from_email, mail.address, *headers.values()):
        if "\n" in value or "\r" in value:
            raise _unfit()
    message = EmailMultiAlternatives(
        subject=content.subject,
        body=content.text,
        from_email=content.from_email or settings.DEFAULT_FROM_EMAIL,
        to=[mail.address],
        headers=headers,
    )
    if content.html:
        message.attach_alternative(content.html, "text/html")
    return message


def _unfit() -> TransportError:
    return TransportError("A header of the mail has a line break or cannot be encoded.", permanent=True)


def envelope_address(address: str) -> str:
    """Return the bare address for the SMTP envelope; its domain in ASCII.

    Raises TransportError (permanent) when it is not one address.
    """
    if _PLAIN_ADDRESS.fullmatch(address):
        return address  # nearly all of them; taking one apart costs 0.1 ms
    bare = parseaddr(address)[1]
    if not bare or any(c.isspace() or ord(c) < 32 for c in bare):
        raise TransportError("The address is not one that mail can be sent to.", permanent=True)
    if bare.isascii():
        return bare
    try:
        return parseaddr(sanitize_address(bare, "utf-8"))[1]
    except ValueError as error:
        raise TransportError("The address cannot be encoded.", permanent=True) from error
