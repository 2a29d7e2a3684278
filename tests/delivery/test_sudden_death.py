"""Workers killed while they send: everyone is reached or shown, doubles only by decision."""

import os
import signal
import time
from collections import Counter
from datetime import timedelta

import pytest

from core import clock
from delivery.models import Message, ReceivedMail
from delivery.outbox.policy import DEFAULT
from delivery.outbox.send import deliver
from delivery.outbox.sweep import sweep
from delivery.selectors import breakdown
from delivery.services import send_again
from events.models import Event
from tests.factories.delivery import make_customers, make_run
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 600
PARTS = ("pending", "claimed", "sending", "sent", "failed", "skipped", "held_out", "uncertain")


def check_sum(run):
    parts = breakdown([run.id])[run.id]
    assert parts.audience == PEOPLE == sum(getattr(parts, name) for name in PARTS)
    return parts


def kill_when(run, process, mails):
    deadline = time.monotonic() + PATIENCE
    while ReceivedMail.objects.count() < mails:
        assert time.monotonic() < deadline
        assert process.poll() is None
        check_sum(run)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    check_sum(run)


def doubles():
    return sum(n - 1 for n in Counter(ReceivedMail.objects.values_list("message_id", flat=True)).values())


def test_two_killed_workers_leave_nobody_out(source, sink, worker, now):
    make_customers(PEOPLE, now=now)
    run = make_run(now=now)
    for at in (60, 220):
        kill_when(run, worker(run), at)

    later = clock.now() + DEFAULT.patience + timedelta(seconds=1)
    swept = sweep(now=later)
    assert swept.uncertain <= 2 * DEFAULT.at_stake
    assert swept.runs_to_wake == [run.id]
    deliver(run.id, clock=lambda: later)

    parts = check_sum(run)
    assert (parts.sent, parts.uncertain) == (PEOPLE - swept.uncertain, swept.uncertain)
    assert doubles() == 0
    sent = set(Message.objects.filter(state="sent").values_list("message_id", flat=True))
    received = set(ReceivedMail.objects.values_list("message_id", flat=True))
    assert sent <= received
    assert Event.objects.filter(type="message_sent").count() == parts.sent
    run.refresh_from_db()
    assert run.state == ("running" if swept.uncertain else "finished")

    # A person decides to send the uncertain ones again: doubles at most those, under the same Message-ID.
    assert send_again(run, now=later) == swept.uncertain
    deliver(run.id, clock=lambda: later)
    assert check_sum(run).sent == PEOPLE
    assert doubles() <= swept.uncertain
    assert ReceivedMail.objects.values("envelope_to").distinct().count() == PEOPLE
    assert Event.objects.filter(type="message_sent").count() == PEOPLE
    run.refresh_from_db()
    assert run.state == "finished"
    assert not source.finished_runs or source.finished_runs == [run.id]


def test_two_workers_at_once_send_each_message_once(source, sink, worker, now):
    make_customers(PEOPLE, now=now)
    run = make_run(now=now)
    processes = [worker(run), worker(run)]
    for process in processes:
        while process.poll() is None:
            check_sum(run)
            time.sleep(0.02)
        assert process.returncode == 0
    parts = check_sum(run)
    assert parts.sent == PEOPLE
    assert doubles() == 0
    assert ReceivedMail.objects.count() == PEOPLE
    run.refresh_from_db()
    assert run.state == "finished"
