# ruff: noqa: N802  aiosmtpd names its hooks
"""Servers that take commands in groups (RFC 2920): the same outcomes, in fewer round trips."""

import re
import socket
import threading

import pytest

from core import clock
from delivery.models import Message
from delivery.outbox.send import deliver
from tests.delivery.test_smtp import Scripted, state_of
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db(transaction=True)


class Grouped(Scripted):
    """Offers to take commands in groups."""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]


class Transcript:
    """A server that keeps what each of its reads brought and takes DATA for nobody, as RFC 2920 lets it."""

    def __init__(self, refused):
        self.refused, self.reads, self.mails = refused, [], []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        connection, _ = self.listening.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 here\r\n")
            recipient = b""
            for line in lines:
                command = line[:4].upper()
                self.reads.append(command)
                if command == b"EHLO":
                    connection.sendall(b"250-here\r\n250 PIPELINING\r\n")
                elif command == b"RCPT":
                    recipient = re.search(rb"<(.*)>", line)[1]
                    bad = recipient.startswith(self.refused)
                    connection.sendall(b"550 5.1.1 nobody\r\n" if bad else b"250 OK\r\n")
                elif command == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    content = []
                    for part in iter(lines.readline, b".\r\n"):
                        content.append(part)
                    self.mails.append((recipient, b"".join(content)))
                    connection.sendall(b"250 OK\r\n" if content else b"554 no valid recipients\r\n")
                else:
                    connection.sendall(b"221 bye\r\n" if command == b"QUIT" else b"250 OK\r\n")
                if command == b"QUIT":
                    return


def test_refusals_are_each_messages_own(source, smtp_server, now):
    make_customers(6, now=now)
    server = Grouped(
        rcpt={"c1": "550 5.1.1 no such user", "c2": "451 4.7.1 greylisted"},
        data={"c3": "552 5.3.4 too big", "c4": "drop"},
    )
    smtp_server(server)
    assert deliver(make_run(now=now).id, clock=clock.now) == 2
    assert [name for name, _ in server.accepted] == ["c0", "c5"]
    assert state_of(1) == ("failed", 1, "550 5.1.1")
    assert state_of(2) == ("pending", 1, "451 4.7.1")
    assert state_of(3) == ("failed", 1, "552 5.3.4")
    assert state_of(4)[:2] == ("uncertain", 1)
    assert Message.objects.get(customer__external_id="c1").skip_reason == "bounced"


def test_a_server_that_closes_between_mails_costs_no_attempt(source, smtp_server, now):
    class OneMail(Grouped):
        async def handle_MAIL(self, smtp, session, envelope, address, options):
            session.mails = getattr(session, "mails", 0) + 1
            if session.mails > 1:
                return "421 4.7.0 one mail is enough"
            envelope.mail_from = address
            return "250 OK"

    make_customers(3, now=now)
    server = OneMail()
    smtp_server(server)
    assert deliver(make_run(now=now).id, clock=clock.now) == 3
    assert len(server.sessions) == 3
    assert {state_of(i) for i in range(3)} == {("sent", 1, "")}


def test_content_for_a_refused_recipient_never_leaves(source, settings, now):
    make_customers(3, now=now)
    server = Transcript(refused=b"c1@")
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.listening.getsockname()
    try:
        assert deliver(make_run(now=now).id, clock=clock.now) == 2
    finally:
        server.listening.close()
    server.thread.join(5)
    # Those due at the same moment go in any order.
    assert sorted((to, bool(content)) for to, content in server.mails) == [
        (b"c0@demo.invalid", True),
        (b"c1@demo.invalid", False),
        (b"c2@demo.invalid", True),
    ]
    assert state_of(1) == ("failed", 1, "550 5.1.1")
    assert [state_of(i)[0] for i in (0, 2)] == ["sent", "sent"]
    assert b"".join(server.reads).count(b"RSET") == 1
