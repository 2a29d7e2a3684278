"""Paused and resumed five times, cancelled once, with real workers: none lost, none twice."""

import pytest

from core import clock
from delivery import dispatch, tasks
from delivery.models import Message, Run
from delivery.outbox.policy import DEFAULT
from delivery.selectors import breakdown
from delivery.services import cancel, pause, resume
from tests.chaos.conftest import Server, wait_for
from tests.factories.delivery import make_customers, make_run

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

PEOPLE = 2000


def held():
    return Message.objects.filter(state__in=["claimed", "sending"]).exists()


def test_pausing_five_times_loses_none_and_doubles_none(source, smtp_server, start_workers, watch, now):
    server = Server(seconds=0.004)
    workers = start_workers(smtp_server(server).port)
    make_customers(PEOPLE, now=now)
    run = make_run(now=now)
    watcher = watch(run)
    dispatch.wake(run.id)
    for i in range(1, 6):
        wait_for(lambda i=i: len(server.accepted) >= 300 * i, 60, "sending")
        assert pause(run)
        at_pause = len(server.accepted)
        wait_for(lambda: not held(), 30, "a standstill")
        assert len(server.accepted) - at_pause <= 2 * DEFAULT.at_stake
        still = len(server.accepted)
        assert breakdown([run.id])[run.id].sent == still
        assert resume(run)
        dispatch.wake(run.id)

    def finished():
        tasks.sweep()
        return Run.objects.get(pk=run.pk).state == "finished"

    wait_for(finished, 120, "the end of the run")
    assert (len(server.accepted), server.doubles) == (PEOPLE, 0)

    summer = make_run(now=clock.now(), reference="summer")
    dispatch.wake(summer.id)
    wait_for(lambda: len(server.accepted) >= PEOPLE + 300, 60, "sending")
    assert cancel(summer, now=clock.now())
    wait_for(lambda: not held(), 30, "a standstill")
    tasks.sweep()
    parts = breakdown([summer.id])[summer.id]
    assert parts.sent == len(server.accepted) - PEOPLE
    assert parts.sent + parts.skipped == PEOPLE
    assert watcher.end() > 5
    workers.stop()
