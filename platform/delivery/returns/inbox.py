"""A mail that came to the bounce address: which message it is about, and what it says."""

import hashlib
import re
from datetime import datetime
from email.message import Message as Mail

import structlog

from delivery.identity import read_token
from delivery.models import Message
from delivery.returns import arf, dsn, parts, verp
from delivery.returns.models import ReturnKind
from delivery.returns.services import Returned, take
from delivery.tokens import InvalidToken
from delivery.unsubscribe import unsubscribe_recipient

log = structlog.get_logger(__name__)

_LINK = re.compile(r"/u/([A-Za-z0-9_.=-]{20,200})")


def read(raw: bytes, *, recipient: str = "", source: str = "mailbox", now: datetime) -> Returned | None:
    """Return what a mail says about one of our messages; None when it says nothing, or proves nothing.

    The message is named by the signed recipient, or by signed addresses within the mail that came back;
    a mail that only claims to be about somebody is not believed.
    """
    mail = parts.read(raw)
    complaint = arf.parse(mail)
    about = _about(mail, recipient, complaint.envelope_sender if complaint else "")
    if about is None:
        return None
    told_as = hashlib.sha256(raw).hexdigest()
    common = {
        "source": source, "occurred_at": now, "run_id": about.run_id, "message": about.message,
        "hash_start": about.hash_start, "told_as": told_as,
    }  # fmt: skip
    if complaint is not None:
        return Returned(kind=ReturnKind.COMPLAINT, diagnostic=complaint.feedback_type, **common)
    if next(parts.machine_parts(mail, "feedback-report"), None) is not None:
        return None  # of a kind that is no complaint
    bounce = dsn.parse(mail)
    if bounce is None:
        return None
    return Returned(
        kind=ReturnKind.BOUNCE,
        bounce_class=bounce.bounce_class,
        status=bounce.status,
        diagnostic=bounce.diagnostic,
        **common,
    )


def take_mail(raw: bytes, *, recipient: str = "", source: str = "mailbox", now: datetime) -> bool:
    """Act on a mail that came back. Return whether it said something new. About 5 ms."""
    returned = read(raw, recipient=recipient, source=source, now=now)
    if returned is None:
        return False
    if returned.kind == ReturnKind.COMPLAINT and returned.diagnostic.startswith("opt-out"):
        message = (
            Message.objects.select_related("run").filter(run=returned.run_id, pk=returned.message).first()
        )
        return message is not None and unsubscribe_recipient(message, now=now)
    return bool(take([returned], now=now))


def _about(mail: Mail, recipient: str, envelope_sender: str) -> verp.Reference | None:
    back = parts.returned_headers(mail)
    own = parts.headers(mail)
    addresses = [
        recipient,
        envelope_sender,
        back.get("return-path", ""),
        own.get("to", ""),
        own.get("delivered-to", ""),
    ]
    for address in addresses:
        address = address.strip(" <>\t\r\n")
        if verp.is_ours(address) and "+" in address:
            try:
                return verp.read(address)
            except InvalidToken:
                log.warning("bounce_address_forged")
    if match := _LINK.search(back.get("list-unsubscribe", "")):
        try:
            return verp.Reference(*read_token(match[1]))
        except InvalidToken:
            log.warning("bounce_link_forged")
    return None
