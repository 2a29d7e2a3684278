"""Read bounces and complaints from a mailbox: Maildir, mbox, or IMAP."""

import imaplib
import mailbox
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.management.base import BaseCommand, CommandError

from core import clock
from delivery.returns.inbox import take_mail

#: Seconds that an IMAP server may take over an answer.
TIMEOUT = 30


class Command(BaseCommand):
    help = "Read bounces and complaints from a Maildir, mbox or IMAP mailbox; each counts once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "mailbox",
            nargs="?",
            default=os.environ.get("BOUNCE_MAILBOX", ""),
            help="A folder, a file, or imaps://user:password@host/INBOX; by default BOUNCE_MAILBOX.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        place = options["mailbox"]
        if not place:
            raise CommandError("Name the mailbox, or set BOUNCE_MAILBOX.")
        read = new = 0
        for raw in _mails(place):
            read += 1
            new += take_mail(raw, now=clock.now())
        self.stdout.write(f"{read} mails read, {new} of them new bounces or complaints")


def _mails(place: str) -> Iterator[bytes]:
    if place.startswith(("imap://", "imaps://")):
        yield from _imap(place)
        return
    path = Path(place)
    if not path.exists():
        raise CommandError(f"There is no mailbox at {path}.")
    box = mailbox.Maildir(path, create=False) if path.is_dir() else mailbox.mbox(path, create=False)
    try:
        for key in box.keys():  # noqa: SIM118  a mailbox is no mapping
            yield box.get_bytes(key)
    finally:
        box.close()


def _imap(place: str) -> Iterator[bytes]:
    """Yield the unread mails of an IMAP mailbox; each is marked as read after it was dealt with."""
    url = urlsplit(place)
    kind = imaplib.IMAP4_SSL if url.scheme == "imaps" else imaplib.IMAP4
    port = url.port or (imaplib.IMAP4_SSL_PORT if url.scheme == "imaps" else imaplib.IMAP4_PORT)
    try:
        with kind(url.hostname or "", port, timeout=TIMEOUT) as server:
            server.login(unquote(url.username or ""), unquote(url.password or ""))
            if server.select(f'"{unquote(url.path.strip("/")) or "INBOX"}"')[0] != "OK":
                raise CommandError("The IMAP server has no such folder.")
            _, found = server.uid("SEARCH", "UNSEEN")
            for uid in found[0].split():
                _, answer = server.uid("FETCH", uid, "(BODY.PEEK[])")
                for part in answer:
                    if isinstance(part, tuple):
                        yield part[1]
                server.uid("STORE", uid, "+FLAGS", r"(\Seen)")
    except (imaplib.IMAP4.error, OSError) as error:
        raise CommandError(f"The IMAP server cannot be read ({type(error).__name__}).") from error
