"""A mail server that puts off a fifth, refuses a twentieth and hangs: what it says is what is shown."""

import time
from collections import Counter
from datetime import timedelta

import pytest

from core import clock
from customers.models import Suppression
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from tests.chaos.conftest import Server
from tests.factories.delivery import make_customers, make_run

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

PEOPLE = 2000


def test_a_fifth_put_off_and_a_twentieth_refused(source, smtp_server, now):
    def rcpt(name, asked):
        number = int(name[1:])
        if number % 20 == 0:
            return "550 5.1.1 unknown"
        return "451 4.7.1 later" if number % 5 == 1 and asked == 1 else None

    server = Server(seconds=0, rcpt=rcpt)
    smtp_server(server)
    make_customers(PEOPLE, now=now)
    run = make_run(now=now)
    assert deliver(run.id, clock=lambda: now) == PEOPLE - 400 - 100
    waiting = Message.objects.filter(state="pending")
    assert waiting.count() == 400
    due = sorted((at - now).total_seconds() for at in waiting.values_list("due_at", flat=True))
    assert 48 <= due[0] < 54 < 66 < due[-1] <= 72  # spread over a fifth to both sides
    assert deliver(run.id, clock=lambda: now + timedelta(minutes=2)) == 400
    assert Counter(Message.objects.values_list("state", "skip_reason", "attempts")) == {
        ("sent", "", 1): PEOPLE - 500,
        ("sent", "", 2): 400,
        ("failed", "bounced", 1): 100,
    }
    assert max(server.asked.values()) == 2
    assert server.doubles == 0
    assert Suppression.objects.count() == 100
    assert Run.objects.get().state == "finished"
    # Whoever does not exist is not asked for again.
    deliver(make_run(now=now, reference="summer").id, clock=lambda: now)
    assert server.asked["c0"] == 1


def test_a_server_that_hangs_holds_up_a_run_for_as_long_as_it_hangs(source, smtp_server, settings, now):
    settings.EMAIL_TIMEOUT = 1
    hangs = True

    class Hanging(Server):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
            if hangs:
                time.sleep(1.5)
            return await super().handle_RCPT(server, session, envelope, address, options)

    server = Hanging(seconds=0)
    smtp_server(server)
    make_customers(200, now=now)
    run = make_run(now=now)
    begun = clock.now()
    assert deliver(run.id, clock=clock.now) == 0
    assert clock.now() - begun < timedelta(seconds=15)
    assert Message.objects.filter(state="pending").count() == 200
    hangs = False
    time.sleep(4)  # it still chews on what it was asked
    later = clock.now() + timedelta(minutes=2)
    assert deliver(run.id, clock=lambda: later) == 200
    assert server.doubles == 0
