"""The minute in which a launch can be taken back, with workers killed within it and after it.

Real Celery workers, a real mail server. What was taken back reaches nobody; what was not, reaches everybody
once, but for those who were at stake when the worker was killed.
"""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from campaigns import actions, dispatch, tasks
from campaigns.models import Campaign
from core import clock
from delivery.models import Message, ReceivedMail, Run
from delivery.outbox.policy import DEFAULT
from delivery.tasks import sweep
from tests.campaigns.schedule.plain import make_campaign
from tests.delivery.conftest import ROOT, _sink_port, process_env  # noqa: F401  the same sink
from tests.factories.delivery import make_customers

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]
PEOPLE = 600
#: Of the minute so much is left when the test begins.
LEFT = timedelta(seconds=20)
#: Beat sends both every 30 s.
BEAT = (tasks.launch_due, sweep)


@pytest.fixture
def worker(_sink_port):  # noqa: F811
    """Return a function that starts a Celery worker for all that sending needs; it is gone after the test."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config.celery", "--quiet", "worker", "-c", "1"]
            + ["-Q", "default,delivery", "-n", f"w{len(started)}@undo"],
            cwd=ROOT,
            env=process_env(EMAIL_URL=f"smtp://127.0.0.1:{_sink_port}", RAPPORT_LOG_LEVEL="WARNING"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)


def kill(process) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(true, *, seconds, beat=0.0):
    """Wait for something; every `beat` seconds the periodic tasks are sent."""
    deadline, last = time.monotonic() + seconds, time.monotonic()
    while not (found := true()):
        assert time.monotonic() < deadline
        if beat and time.monotonic() - last > beat:
            last = time.monotonic()
            for task in BEAT:
                task.apply_async(ignore_result=True)
        time.sleep(0.1)
    return found


def test_killed_within_the_minute_and_after_it(worker, settings):
    now = clock.now()
    make_customers(PEOPLE, now=now - timedelta(days=40))
    kept, undone = (make_campaign(now, slug=slug, name=slug) for slug in ("kept", "undone"))
    for campaign in (kept, undone):
        actions.put_in_order(campaign, user=None, now=now - timedelta(seconds=60) + LEFT, as_of=now)
        campaign.refresh_from_db()
        dispatch.begin_at(campaign.undo_until)

    first = worker()
    time.sleep(9)  # it is up, and has taken both wake-ups
    kill(first)
    assert clock.now() < kept.undo_until and not Run.objects.exists()
    actions.undo_launch(undone, user=None, now=clock.now())

    second = worker()
    until(lambda: ReceivedMail.objects.count() > 60, seconds=90, beat=5)
    kill(second)
    assert Run.objects.get().reference == str(kept.pk)
    assert clock.now() >= kept.undo_until
    offered = ReceivedMail.objects.count()

    worker()
    rest = Message.objects.filter(state__in=["pending", "claimed"])
    until(lambda: not rest.exists(), seconds=180, beat=5)
    until(lambda: Message.objects.filter(state="sending").count() <= DEFAULT.at_stake, seconds=60)
    at_stake = Message.objects.exclude(state="sent").count()
    assert Message.objects.count() == PEOPLE and at_stake <= DEFAULT.at_stake and 60 < offered < PEOPLE
    mails = ReceivedMail.objects.values_list("envelope_to", "message_id")
    assert len({to for to, _key in mails}) == len({key for _to, key in mails}) == len(mails)  # nobody twice
    assert PEOPLE - at_stake <= len(mails) <= PEOPLE
    assert Run.objects.count() == 1
    assert dict(Campaign.objects.values_list("slug", "state"))["undone"] == "draft"
