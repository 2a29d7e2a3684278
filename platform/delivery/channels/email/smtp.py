"""One kept SMTP connection, with an answer for every mail.

Django's backend opens the connection (TLS, sign-in, time-out from the settings). The transaction is
ours, because `sendmail` hides the one thing the outbox must know: whether the content had left when
the connection broke.
"""

import re
import smtplib
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from delivery.channels.base import (
    Outcome,
    OutcomeUnknown,
    Outgoing,
    ProviderUnreachable,
    TransportError,
    Verdict,
)
from delivery.channels.email.mime import build, envelope_address

SERVICE_CLOSING = 421
START_MAIL_INPUT = 354
#: A server that broke off or hung this often in a row is left alone for now.
BREAKS_IN_A_ROW = 2
_ENHANCED_STATUS = re.compile(r"\b[245]\.(\d{1,3})\.\d{1,3}\b")


class _HungUp(Exception):
    """The connection ended before any content was handed over."""


class SmtpConnection:
    """A connection that opens with its first mail and is opened again when the server hangs up."""

    def __init__(self, **server: Any) -> None:
        """`server` names another one than the settings do: host, port, username, password, use_tls …"""
        self._backend = EmailBackend(fail_silently=False, **server)
        self._breaks = 0

    def __enter__(self) -> "SmtpConnection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Send the mails one after the other and yield what became of each."""
        unreachable = ""
        self._breaks = 0
        for mail in batch:
            if unreachable:
                yield Outcome(mail.key, Verdict.UNTRIED, unreachable)
                continue
            try:
                self._send(mail)
            except TransportError as error:
                verdict = Verdict.REFUSED if error.permanent else Verdict.POSTPONED
                yield Outcome(mail.key, verdict, str(error), error.bounced)
            except OutcomeUnknown as error:
                yield Outcome(mail.key, Verdict.UNKNOWN, str(error))
            except ProviderUnreachable as error:
                unreachable = str(error)
                yield Outcome(mail.key, Verdict.UNTRIED, unreachable)
            else:
                self._breaks = 0
                yield Outcome(mail.key, Verdict.SENT)
            if self._breaks >= BREAKS_IN_A_ROW:
                unreachable = "The mail server keeps breaking off."

    def _send(self, mail: Outgoing) -> None:
        content = build(mail)
        sender = envelope_address(mail.return_path or mail.content.from_email or settings.DEFAULT_FROM_EMAIL)
        recipient = envelope_address(mail.address)
        kept = self._open()
        try:
            self._envelope(sender, recipient)
        except _HungUp as error:
            # Servers close idle connections, and some count mails: that is no answer to this mail.
            if not kept:
                raise TransportError(str(error), permanent=False) from error
            self._open()
            try:
                self._envelope(sender, recipient)
            except _HungUp as again:
                raise TransportError(str(again), permanent=False) from again
        self._content(content)

    def _open(self) -> bool:
        """Open the connection unless it is open. Return whether an open one was kept."""
        if self._backend.connection is not None:
            return True
        try:
            self._backend.open()
            self._smtp.ehlo_or_helo_if_needed()
        except OSError as error:  # every smtplib error is one
            self._close()
            raise ProviderUnreachable(_sentence("The mail server cannot be reached", error)) from error
        return False

    @property
    def _smtp(self) -> smtplib.SMTP:
        if self._backend.connection is None:
            raise smtplib.SMTPServerDisconnected("The connection was closed.")
        return self._backend.connection

    def _close(self) -> None:
        connection, self._backend.connection = self._backend.connection, None
        if connection is not None:
            try:
                connection.quit()
            except OSError:
                connection.close()

    def _envelope(self, sender: str, recipient: str) -> None:
        """Name both ends and ask to hand the content over: one round trip where the server allows it."""
        smtp = self._smtp
        options = " BODY=8BITMIME" if smtp.has_extn("8bitmime") else ""
        encoding = "ascii"
        if not (sender.isascii() and recipient.isascii()):
            if not smtp.has_extn("smtputf8"):
                raise TransportError("The mail server takes no addresses outside ASCII.", permanent=True)
            options, encoding = f"{options} SMTPUTF8", "utf-8"
        commands = (f"MAIL FROM:<{sender}>{options}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n").encode(encoding)
        try:
            if smtp.has_extn("pipelining"):
                self._in_one(commands)
            else:
                self._one_by_one(commands)
        except OSError as error:
            self._broke()
            raise _HungUp(_sentence("The mail server broke off", error)) from error

    def _one_by_one(self, commands: bytes) -> None:
        smtp = self._smtp
        mail, rcpt, data = commands.splitlines(keepends=True)
        smtp.send(mail)
        self._agreed(smtp.getreply())
        smtp.send(rcpt)
        self._agreed(smtp.getreply(), to_recipient=True)
        smtp.send(data)
        self._agreed(smtp.getreply(), expected=START_MAIL_INPUT)

    def _in_one(self, commands: bytes) -> None:
        """Send all commands at once (RFC 2920); the first refusal is the answer."""
        smtp = self._smtp
        smtp.send(commands)
        mail, rcpt, data = smtp.getreply(), smtp.getreply(), smtp.getreply()
        if data[0] == START_MAIL_INPUT and not (_positive(mail) and _positive(rcpt)):
            # RFC 2920 §3.1: a server may ask for the content of a mail to nobody. It gets an empty one.
            smtp.send(b".\r\n")
            smtp.getreply()
        self._agreed(mail)
        self._agreed(rcpt, to_recipient=True)
        self._agreed(data, expected=START_MAIL_INPUT)

    def _content(self, content: bytes) -> None:
        """Hand the content over. From the first byte on, silence means that it may have gone."""
        smtp = self._smtp
        try:
            smtp.send(_dot_stuffed(content))
            reply = smtp.getreply()
        except OSError as error:
            self._broke()
            raise OutcomeUnknown(_sentence("The mail server never confirmed", error)) from error
        try:
            self._agreed(reply)
        except _HungUp as error:
            raise TransportError(str(error), permanent=False) from error

    def _agreed(
        self, reply: tuple[int, bytes], *, expected: int | None = None, to_recipient: bool = False
    ) -> None:
        """Raise TransportError unless the server agreed; the transaction is reset, the connection kept."""
        code, answer = reply
        if code == expected or (expected is None and _positive(reply)):
            return
        if code == SERVICE_CLOSING or code < 0:
            self._broke()
            raise _HungUp(f"The mail server closed the connection ({code}).")
        self._reset()
        status = _ENHANCED_STATUS.search(answer.decode("ascii", "replace"))
        # RFC 3463: X.1.X is about the address. Without such a status a 550 to RCPT means the same.
        bounced = code in (550, 551, 553) and (status[1] == "1" if status else to_recipient)
        raise TransportError(
            f"{code} {status[0] if status else ''}".strip(), permanent=500 <= code < 600, bounced=bounced
        )

    def _broke(self) -> None:
        self._breaks += 1
        connection, self._backend.connection = self._backend.connection, None
        if connection is not None:
            connection.close()

    def _reset(self) -> None:
        try:
            self._smtp.rset()
        except OSError:
            self._broke()


def _positive(reply: tuple[int, bytes]) -> bool:
    return 200 <= reply[0] < 300


def _dot_stuffed(content: bytes) -> bytes:
    """Return the content (CRLF line ends) as RFC 5321 §4.5.2 sends it, with the closing dot."""
    if content.startswith(b"."):
        content = b"." + content
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


def _sentence(what: str, error: Exception) -> str:
    """Return a sentence without the server's own words, which may repeat the address."""
    code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else type(error).__name__
    return f"{what} ({code})."
