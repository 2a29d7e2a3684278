"""Reading mail that arrived at the sink."""

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from delivery.models import Message, ReceivedMail


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A mail taken apart. `html` is as it came: show it in a sandboxed frame only."""

    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[str]


def parse(mail: ReceivedMail) -> ParsedMail:
    """Take a mail apart; malformed parts come out as well as they can."""
    message = BytesParser(policy=policy.default).parsebytes(bytes(mail.raw))
    return ParsedMail(
        headers=[(name, str(value)) for name, value in message.items()],
        text=_part(message, "plain"),
        html=_part(message, "html"),
        attachments=[part.get_filename() or part.get_content_type() for part in message.iter_attachments()],
    )


def received(message: Message) -> list[ReceivedMail]:
    """Return the mails of a message that arrived, the first one first; two are a double."""
    if not message.message_id:
        return []
    return list(ReceivedMail.objects.filter(message_id=message.message_id).order_by("received_at"))


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, ValueError):  # an unknown charset, or bytes that are not in it
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
