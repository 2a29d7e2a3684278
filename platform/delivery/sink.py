"""The built-in SMTP sink: takes every mail, stores it, shows it in the mailbox.

It answers 250 only after the commit, and 451 when the database is away, so nothing is lost. Mails that
arrive while a commit is under way go together into the next one.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import Error as DatabaseFault
from django.db import connection

from core import clock
from delivery.models import ReceivedMail
from delivery.returns.inbox import take_mail
from delivery.returns.verp import is_ours

log = structlog.get_logger(__name__)

#: Mails in one commit; more connections than this wait for the next one.
MOST_AT_ONCE = 200
LARGEST_MAIL = 25 * 1024 * 1024
OK = "250 2.0.0 Stored"
LATER = "451 4.3.0 The mailbox cannot be written; try again later"


class Storage:
    """Stores mails in groups, by one thread with one database connection."""

    def __init__(self) -> None:
        self._waiting: list[tuple[list[ReceivedMail], asyncio.Future[str]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mailsink")

    async def store(self, mails: list[ReceivedMail]) -> str:
        """Store a delivery's mails and return the SMTP answer, after the commit."""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append((mails, answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await answer

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            mails = [mail for delivery, _ in group for mail in delivery]
            answer = await loop.run_in_executor(self._thread, _insert, mails)
            for _, future in group:
                if not future.done():  # the client may have gone
                    future.set_result(answer)

    async def drain(self) -> None:
        """Wait until all that was taken has been answered."""
        while self._writing is not None and not self._writing.done():
            await self._writing

    def close(self) -> None:
        """Give back the thread and its connection."""
        self._thread.submit(connection.close)
        self._thread.shutdown(wait=True)


class Handler:
    """What aiosmtpd asks when a mail has come."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store one copy for each recipient."""
        raw = envelope.original_content or b""
        now = clock.now()
        sender = envelope.mail_from or ""
        mails = [received_mail(raw, sender, recipient, now) for recipient in envelope.rcpt_tos]
        return await self.storage.store(mails)


def received_mail(raw: bytes, sender: str, recipient: str, now: datetime) -> ReceivedMail:
    """Return the row of a mail. Headers may be anything: what cannot be read becomes a question mark."""
    headers = BytesHeaderParser().parsebytes(raw)
    return ReceivedMail(
        envelope_from=_fit(sender, 320),
        envelope_to=_fit(recipient, 320),
        sender=_fit(_decoded(headers.get("From", "")), 320),
        subject=_fit(_decoded(headers.get("Subject", "")), 500),
        message_id=_fit(str(headers.get("Message-ID", "")).strip(), 200),
        raw=raw,
        size=len(raw),
        received_at=now,
    )


def _insert(mails: list[ReceivedMail]) -> str:
    try:
        ReceivedMail.objects.bulk_create(mails)
    except DatabaseFault as error:
        log.warning("mail_not_stored", mails=len(mails), error=type(error).__name__)
        connection.close()  # the next mail opens a new one
        return LATER
    for mail in mails:
        if is_ours(mail.envelope_to):
            _read_return(mail)
    return OK


def _read_return(mail: ReceivedMail) -> None:
    """Act on a bounce or a complaint. It is stored already, so a failure is told and nothing is lost."""
    try:
        take_mail(bytes(mail.raw), recipient=mail.envelope_to, source="sink", now=mail.received_at)
    except Exception:
        log.exception("return_not_read", mail=str(mail.pk))


def _decoded(value: object) -> str:
    try:
        return str(make_header(decode_header(str(value))))
    except (HeaderParseError, LookupError, ValueError):
        return str(value)


def _fit(text: str, length: int) -> str:
    """Return text that a column takes: no NUL, no lone surrogates, not too long."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")[:length]
