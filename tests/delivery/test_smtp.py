# ruff: noqa: N802  aiosmtpd names its hooks
"""What mail servers answer, and what becomes of the messages: scripted servers over real sockets."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from core import clock
from core.encryption import keyed_hash
from customers.models import Suppression
from delivery.models import Message
from delivery.outbox.policy import DEFAULT, Policy
from delivery.outbox.send import deliver
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db(transaction=True)


class Scripted:
    """Answers RCPT and DATA by the local part of the address; keeps what it accepted."""

    def __init__(self, rcpt=None, data=None):
        self.rcpt, self.data = rcpt or {}, data or {}
        self.accepted, self.asked, self.sessions = [], Counter(), set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        self.asked[name] += 1
        self.sessions.add(session.peer)
        if answer := self.rcpt.get(name):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].partition("@")[0]
        answer = self.data.get(name, "250 OK")
        if answer == "drop":
            server.transport.abort()
            await asyncio.sleep(0.1)
            return "250 never read"
        if answer.startswith("250"):
            self.accepted.append((name, envelope.original_content))
        return answer


def state_of(number):
    message = Message.objects.select_related("run").get(customer__external_id=f"c{number}")
    return message.state, message.attempts, message.error


def test_one_connection_serves_the_whole_batch_and_refusals_do_not_end_it(source, smtp_server, now):
    make_customers(6, now=now)
    server = Scripted(
        rcpt={"c1": "550 5.1.1 no such user c1@demo.invalid", "c2": "550 5.7.1 we do not like you"},
        data={"c3": "552 5.3.4 too big", "c4": "554 5.1.1 gone"},
    )
    smtp_server(server)
    run = make_run(now=now)
    assert deliver(run.id, clock=clock.now) == 2
    assert [name for name, _ in server.accepted] == ["c0", "c5"]
    assert len(server.sessions) == 1
    assert state_of(0) == ("sent", 1, "")
    # The server's words repeat the address, so only its codes are kept.
    assert state_of(1) == ("failed", 1, "550 5.1.1")
    assert state_of(2) == ("failed", 1, "550 5.7.1")
    assert state_of(3) == ("failed", 1, "552 5.3.4")
    assert state_of(4) == ("failed", 1, "554 5.1.1")
    run.refresh_from_db()
    assert run.state == "finished"
    # Only the address that does not exist is suppressed, not the one where we are disliked.
    assert list(Suppression.objects.values_list("channel", "address_hash", "reason")) == [
        ("email", keyed_hash("email", "c1@demo.invalid"), "bounced")
    ]
    assert deliver(make_run(now=now, reference="summer").id, clock=clock.now) == 2
    assert (server.asked["c1"], server.asked["c2"]) == (1, 2)


def test_a_postponed_mail_comes_again_later_and_fails_after_three_attempts(source, smtp_server, now):
    make_customers(2, now=now)
    server = Scripted(rcpt={"c0": "451 4.7.1 greylisted", "c1": "451 4.7.1 greylisted"})
    smtp_server(server)
    run = make_run(now=now)
    assert deliver(run.id, clock=lambda: now) == 0
    assert state_of(0) == ("pending", 1, "451 4.7.1")
    first, second = (now + timedelta(minutes=m) for m in (2, 20))
    assert deliver(run.id, clock=lambda: now + timedelta(seconds=40)) == 0
    assert server.asked == {"c0": 1, "c1": 1}
    assert deliver(run.id, clock=lambda: first) == 0
    server.rcpt.pop("c1")
    assert deliver(run.id, clock=lambda: second) == 1
    assert state_of(0) == ("failed", 3, "451 4.7.1")
    assert state_of(1) == ("sent", 3, "")
    assert server.asked == {"c0": 3, "c1": 3}
    assert not Suppression.objects.exists()


def test_a_mail_whose_confirmation_never_came_is_uncertain_and_the_next_ones_go_on(source, smtp_server, now):
    make_customers(3, now=now)
    server = Scripted(data={"c1": "drop"})
    smtp_server(server)
    run = make_run(now=now)
    assert deliver(run.id, clock=clock.now) == 2
    state, attempts, error = state_of(1)
    assert (state, attempts) == ("uncertain", 1)
    assert error.startswith("The mail server never confirmed")
    assert state_of(2) == ("sent", 1, "")
    run.refresh_from_db()
    assert run.state == "running"
    assert server.asked["c1"] == 1


def test_a_server_that_hangs_up_between_mails_costs_no_attempt(source, smtp_server, now):
    make_customers(3, now=now)
    server = Scripted()

    class CountsMails(Scripted):
        async def handle_MAIL(self, smtp, session, envelope, address, options):
            session.mails = getattr(session, "mails", 0) + 1
            if session.mails > 1:
                return "421 4.7.0 one mail is enough"
            envelope.mail_from = address
            return "250 OK"

    server = CountsMails()
    smtp_server(server)
    assert deliver(make_run(now=now).id, clock=clock.now) == 3
    assert len(server.sessions) == 3
    assert {state_of(i) for i in range(3)} == {("sent", 1, "")}


def test_while_the_server_is_away_nothing_counts_as_an_attempt(source, settings, smtp_server, now):
    make_customers(30, now=now)
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    run = make_run(now=now)
    assert deliver(run.id, clock=lambda: now, policy=Policy(chunk=10)) == 0
    assert Counter(Message.objects.values_list("state", "attempts")) == {("pending", 0): 30}
    # Ten were tried; those that already stood in line behind them are told the same.
    assert Message.objects.filter(error__startswith="The mail server cannot be reached").count() in (10, 20)
    server = Scripted()
    smtp_server(server)
    assert deliver(run.id, clock=lambda: now + DEFAULT.outage) == 30
    assert len(server.accepted) == 30


def test_a_hanging_server_is_left_alone_after_two_mails(source, smtp_server, settings, now):
    settings.EMAIL_TIMEOUT = 0.3
    make_customers(20, now=now)

    class Hanging(Scripted):
        async def handle_RCPT(self, *args):
            await asyncio.sleep(1)
            return "250 OK"

    smtp_server(Hanging())
    assert deliver(make_run(now=now).id, clock=clock.now) == 0
    counts = Counter(Message.objects.values_list("state", "attempts"))
    assert counts == {("pending", 1): 2, ("pending", 0): 18}


@pytest.mark.parametrize(
    "context",
    [
        {"subject": "Hi\r\nBcc: victim@example.com"},
        {"subject": "Hi\nthere"},
        {"headers": {"X-Ok\r\nBcc": "victim@example.com"}},
        {"headers": {"X-Ok": "1\r\nBcc: victim@example.com"}},
        {"headers": {"Bcc": "victim@example.com"}},
        {"headers": {"to": "victim@example.com"}},
        {"headers": {"List-Unsubscribe": "<https://elsewhere.example>"}},
        {"headers": {"": "x"}},
    ],
)
def test_headers_cannot_be_injected(source, smtp_server, now, context):
    make_customers(1, now=now)
    server = Scripted()
    smtp_server(server)
    literal = json.dumps(context).replace("'", "''").replace("%", "%%")
    assert deliver(make_run(now=now, context=f"'{literal}'::jsonb").id, clock=clock.now) == 0
    assert state_of(0)[:2] == ("failed", 1)
    assert server.accepted == []
    assert not server.asked


def test_every_mail_carries_what_marketing_mail_must(source, smtp_server, settings, now):
    settings.PUBLIC_URL = "https://shop.example"
    [customer] = make_customers(1, now=now)
    server = Scripted()
    smtp_server(server)
    run = make_run(now=now, context="""'{"subject": "Grüße 🎁", "headers": {"X-Tag": "spring"}}'::jsonb""")
    deliver(run.id, clock=lambda: now)
    [(_, raw)] = server.accepted
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Subject"] == "Grüße 🎁"
    assert mail["From"] == "Shop <shop@example.com>"
    assert mail["To"] == "c0@demo.invalid"
    assert mail["Message-ID"] == Message.objects.get().message_id
    assert mail["Message-ID"].endswith("@example.com>")
    assert mail["Date"].datetime == now.replace(microsecond=0)
    assert mail["X-Tag"] == "spring"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].strip().startswith("<https://shop.example/u/")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert str(customer.external_id) not in mail["List-Unsubscribe"]
