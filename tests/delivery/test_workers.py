"""The way over Redis: real Celery workers, lost wake-ups, a broker that is away."""

import subprocess
import sys
from datetime import timedelta

import pytest
from celery import current_app
from django.db import transaction

from delivery import dispatch, tasks
from delivery.models import Message, ReceivedMail, Run
from delivery.services import cancel
from tests.delivery.conftest import ROOT, process_env
from tests.factories.delivery import make_customers, make_run
from tests.patience import PATIENCE, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def celery_worker(sink):
    current_app.control.purge()
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tests.delivery.celery_worker", "worker"]
        + ["-Q", "delivery", "-P", "solo", "--without-gossip", "--without-mingle"],
        cwd=ROOT,
        env=process_env(EMAIL_URL=f"smtp://127.0.0.1:{sink}"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.terminate()
    assert process.wait(timeout=PATIENCE) == 0


@pytest.fixture
def published(monkeypatch):
    """Collect what would be published."""
    sent = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, kwargs, queue: sent.append((name, kwargs, queue))
    )
    return sent


def test_a_worker_delivers_what_it_is_woken_for_and_what_nobody_woke_it_for(celery_worker, source, now):
    make_customers(50, now=now)
    woken = make_run(now=now)
    dispatch.wake(woken.id)
    until(lambda: Run.objects.filter(pk=woken.id, state="finished").exists())
    assert ReceivedMail.objects.count() == 50

    forgotten = make_run(now=now, reference="summer")
    tasks.sweep()
    until(lambda: Run.objects.filter(pk=forgotten.id, state="finished").exists())
    assert ReceivedMail.objects.count() == 100
    assert Message.objects.filter(state="sent").count() == 100


def test_wake_ups_go_out_after_the_commit_and_not_at_all_after_a_rollback(published, source, now):
    make_customers(1, now=now)
    with transaction.atomic():
        run = make_run(now=now)
        dispatch.wake(run.id)
        assert published == []
    assert published == [("delivery.tasks.deliver", {"run_id": str(run.id)}, "delivery")] * dispatch.WORKERS
    published.clear()
    with pytest.raises(RuntimeError), transaction.atomic():
        dispatch.wake(run.id)
        raise RuntimeError
    assert published == []


def test_a_broker_that_is_away_fails_nothing(source, now, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("Connection refused")

    make_customers(1, now=now)
    with monkeypatch.context() as patch:
        patch.setattr(current_app, "send_task", refuse)
        run = make_run(now=now)
        dispatch.wake(run.id)
    assert Message.objects.get(run=run).state == "pending"


def test_sweeping_wakes_only_runs_that_want_a_worker(published, source, now):
    make_customers(2, now=now)
    wanting = make_run(now=now)
    cancelled = make_run(now=now, reference="cancelled")
    cancel(cancelled, now=now)
    make_run(now=now + timedelta(days=365), reference="later")
    tasks.sweep()
    assert {kwargs["run_id"] for _, kwargs, _ in published} == {str(wanting.id)}
    published.clear()
    tasks.deliver(run_id="01890000-0000-7000-8000-000000000000")
    assert published == []
