"""2,000 recipients while workers, Redis and PostgreSQL are killed: everyone is reached or shown."""

import signal
from datetime import timedelta

import pytest

from core import clock
from delivery import dispatch, tasks
from delivery.models import Message, Run
from delivery.outbox.policy import DEFAULT
from delivery.outbox.send import deliver
from delivery.outbox.sweep import sweep
from delivery.selectors import breakdown
from delivery.services import send_again
from events.models import Event
from tests.chaos.conftest import Server, crash_postgres, kill_redis, wait_for
from tests.factories.delivery import make_customers, make_run

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

PEOPLE = 2000
PROCESSES = 2
#: What may be between the mail server and the database when everything stops.
IN_FLIGHT = PROCESSES * DEFAULT.at_stake


def test_everyone_is_reached_or_shown(source, smtp_server, start_workers, watch, now):
    server = Server(seconds=0.012)
    port = smtp_server(server).port
    make_customers(PEOPLE, now=now)
    run = make_run(now=now)
    watcher = watch(run)
    workers = start_workers(port)
    dispatch.wake(run.id)

    deaths = ["worker", "redis", "worker", "postgres", "worker", "redis", "worker", "postgres", "worker"]
    deaths += ["redis", "worker"]
    crashes = iter([signal.SIGQUIT, signal.SIGKILL])
    uncertain = 0
    for i, death in enumerate(deaths, start=1):
        goal = min(len(server.accepted) + 90, PEOPLE - 100)
        for _ in range(20):
            sweep_and_wake()  # as beat does every 30 s
            try:
                wait_for(lambda goal=goal: len(server.accepted) >= goal, 10, "sending")
                break
            except AssertionError:
                continue
        else:
            pytest.fail(f"nothing was sent any more after {i - 1} deaths")
        match death:
            case "redis":
                kill_redis()
            case "postgres":
                crash_postgres(next(crashes))
            case "worker":
                workers.kill()
                # Nobody is alive, so the leases may as well be over.
                found = sweep(now=clock.now() + DEFAULT.patience + timedelta(seconds=1)).uncertain
                # The crashes before left some of their own.
                assert found <= IN_FLIGHT * (1 + deaths[:i].count("postgres"))
                uncertain += found
                workers.start()
                dispatch.wake(run.id)

    def all_dealt_with():
        sweep_and_wake()
        return not Message.objects.filter(run=run, state="pending", due_at__lte=clock.now()).exists()

    wait_for(all_dealt_with, 300, "the end of the queue")
    workers.stop()
    later = clock.now() + timedelta(hours=1)
    sweep(now=later)
    deliver(run.id, clock=lambda: later)
    parts = breakdown([run.id])[run.id]
    assert (parts.sent + parts.uncertain, parts.pending, parts.failed) == (PEOPLE, 0, 0)
    assert parts.uncertain <= IN_FLIGHT * len(deaths)
    assert server.doubles == 0, "marketing is never sent again by itself"
    reached = {key for _, key in server.accepted}
    assert set(Message.objects.filter(state="sent").values_list("message_id", flat=True)) <= reached
    assert Event.objects.filter(type="message_sent").count() == parts.sent

    # A person decides to send those again: doubles at most as many, under the same Message-ID.
    assert send_again(run, now=later) == parts.uncertain
    deliver(run.id, clock=lambda: later)
    assert breakdown([run.id])[run.id].sent == PEOPLE
    assert len({address for address, _ in server.accepted}) == PEOPLE
    assert server.doubles <= parts.uncertain
    assert Event.objects.filter(type="message_sent").count() == PEOPLE
    assert Run.objects.get().state == "finished"
    samples = watcher.end()
    assert samples > 20
    print(f"\n{len(deaths)} deaths, {parts.uncertain} uncertain, {server.doubles} doubles, {samples} samples")


def sweep_and_wake():
    """Sweep as beat's task does; a sweep that meets a dead server is made up for by the next one."""
    try:
        tasks.sweep()
    except Exception as error:
        print(f"a sweep failed: {type(error).__name__}")
