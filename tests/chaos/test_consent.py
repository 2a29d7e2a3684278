"""Consent withdrawn while a run is being sent stops what is queued within a minute."""

import time

import pytest

from customers.models import Channel, Consent
from delivery import dispatch, tasks
from delivery.models import Message
from delivery.selectors import breakdown, skip_reasons
from tests.chaos.conftest import Server, wait_for
from tests.factories.delivery import make_customers, make_run

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

PEOPLE = 2000


def test_withdrawal_stops_queued_mail_within_a_minute(source, smtp_server, start_workers, watch, now):
    server = Server(seconds=0.15)  # so slow that a batch takes a minute
    workers = start_workers(smtp_server(server).port)
    make_customers(PEOPLE, now=now)
    run = make_run(now=now)
    watcher = watch(run)
    dispatch.wake(run.id)
    wait_for(lambda: len(server.accepted) >= 40, 60, "sending")
    Consent.objects.filter(channel=Channel.EMAIL).update(granted=False)
    withdrawn = time.time()

    def over():
        tasks.sweep()
        return not Message.objects.filter(state__in=["pending", "claimed", "sending"]).exists()

    wait_for(over, 120, "the end of the run")
    last = max(server.at) - withdrawn
    assert last < 60
    parts = breakdown([run.id])[run.id]
    assert parts.sent == len(server.accepted)
    assert skip_reasons(run) == {"no_consent": PEOPLE - parts.sent}
    assert server.doubles == 0
    watcher.end()
    workers.stop()
    print(f"\nthe last mail left {last:.0f} s after the withdrawal")
