# ruff: noqa: N802  aiosmtpd names its hooks
"""Offering in a thread: what stands in line, and what happens to it when the provider fails."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from core import clock
from delivery.channels.base import Outcome, Outgoing, Verdict
from delivery.models import Message
from delivery.outbox.line import Line
from delivery.outbox.policy import Policy
from delivery.outbox.prepare import Prepared
from delivery.outbox.send import deliver
from delivery.sources import Rendered
from tests.factories.delivery import make_customers, make_run

POLICY = Policy(batch=20, chunk=5)


class Watching:
    """A mail server that looks into the database while it has a mail."""

    def __init__(self):
        self.sending, self.own_states, self.settled_meanwhile = [], [], 0

    async def handle_DATA(self, server, session, envelope):
        recipient = envelope.rcpt_tos[0]
        thread = threading.Thread(target=self.look, args=(recipient,))
        thread.start()
        thread.join()
        return "250 OK"

    def look(self, recipient):
        customer = int(recipient[1:].partition("@")[0])
        messages = Message.objects.order_by("customer_id")
        self.sending.append(messages.filter(state="sending").count())
        self.own_states.append(messages[customer].state)
        self.settled_meanwhile = messages.filter(state="sent").count()
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_each_is_marked_before_it_is_offered_and_few_are_at_stake(source, smtp_server, now):
    make_customers(60, now=now)
    run = make_run(now=now)
    server = Watching()
    smtp_server(server)
    assert deliver(run.id, clock=clock.now, policy=POLICY) == 60
    assert set(server.own_states) == {"sending"}
    assert len(server.own_states) == 60
    # The chunk that is offered, the one in line, and one whose answers are just being written down.
    assert max(server.sending) <= POLICY.at_stake + POLICY.chunk
    assert max(server.sending) > POLICY.chunk  # the next one was marked meanwhile
    assert 60 - POLICY.at_stake <= server.settled_meanwhile < 60


class Failing:
    """A connection that answers by a script, and notes what it was offered."""

    def __init__(self, answer):
        self.answer, self.offered = answer, []

    def send(self, batch):
        for mail in batch:
            self.offered.append(mail.key)
            yield self.answer(mail)


def prepared(*keys):
    mail = {"message_id": "<1@x>", "address": "a@demo.invalid", "content": Rendered(), "unsubscribe_url": ""}
    return [Prepared(Message(id=key), Outgoing(key=key, date=datetime.now(UTC), **mail)) for key in keys]


def broken(mail):
    raise RuntimeError("no such thing")


def unreachable(mail):
    return Outcome(mail.key, Verdict.UNTRIED, "away")


@pytest.mark.parametrize(("answer", "error", "unknown"), [(broken, "", [1, 2]), (unreachable, "away", [])])
def test_what_stands_behind_a_failure_is_not_offered(answer, error, unknown):
    channel = Failing(answer)
    with Line(channel) as line:
        line.offer(prepared(1, 2), more=True)
        line.offer(prepared(3, 4), more=False)
        answers = line.answers(room=0)
        assert not line.is_open
    assert set(channel.offered) <= {1, 2}
    told = {p.outgoing.key: (outcome.key, outcome.verdict, outcome.error) for p, outcome in answers}
    assert {3: told[3], 4: told[4]} == {k: (k, Verdict.UNTRIED, error) for k in (3, 4)}
    assert sorted({1, 2} - told.keys()) == unknown  # stay `sending`: they may have gone


def test_a_single_chunk_needs_no_thread():
    channel = Failing(lambda mail: Outcome(mail.key, Verdict.SENT))
    threads = threading.active_count()
    with Line(channel) as line:
        line.offer(prepared(1), more=False)
        assert threading.active_count() == threads
        assert [outcome.verdict for _, outcome in line.answers(room=1)] == [Verdict.SENT]
