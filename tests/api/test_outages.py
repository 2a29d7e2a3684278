"""What the ways in answer while a server is away or full: 503, when to come back, and nothing half-taken."""

import errno
import re
from datetime import timedelta

import pytest
import redis
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerError

from accounts import jobs
from accounts.models import Job
from accounts.tasks import wake_forgotten
from core import clock
from core.models import IdempotencyKey
from customers.models import Customer
from events.models import Event, EventKey
from integrations.models import ImportRun
from tests.api.test_access import problem
from tests.factories.events import event

FILE = b"customer_id\nc-1\n"
CALL = {"type": "track", "userId": "c-1", "event": "x", "messageId": "m"}
WAYS = {
    "events": ("/api/v1/events", event("m"), "events.services.store"),
    "late": ("/api/v1/events", event("m"), "events.services.quality.note_all"),
    "segment": ("/v1/track", CALL, "events.services.quality.note_all"),
    "customers": ("/api/v1/customers", [{"external_id": "c-1"}], "customers.upsert._write"),
    "import": ("/api/v1/imports?kind=customers", FILE, "integrations.services.guess"),
    "import, late": ("/api/v1/imports?kind=customers", FILE, "integrations.dispatch.start_job"),
}
AWAY = {
    "database away": OperationalError("server closed the connection unexpectedly; ada@example.com"),
    "disk full": OSError(errno.ENOSPC, "No space left on device"),
    "redis full": redis.exceptions.OutOfMemoryError("OOM command not allowed"),
}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORT_FILES = str(tmp_path)
    return tmp_path


def failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "one"}], ids=["", "key"])
@pytest.mark.parametrize("outage", AWAY)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_says_when_to_come_back(alice, monkeypatch, folder, way, outage, key):
    path, body, place = WAYS[way]
    with monkeypatch.context() as broken:
        broken.setattr(place, failing(AWAY[outage]))
        answer = alice.call("POST", path, body, **key)
    assert problem(answer, 503)["type"] == "/api/problems#unavailable"
    assert answer["Retry-After"] == "5"
    assert not re.search(rb"\bada\b", answer.content)
    for model in (Event, EventKey, Customer, ImportRun, Job, IdempotencyKey):
        assert not model.objects.exists(), model
    assert list(folder.iterdir()) == []
    # The same call again, with the same key, is taken.
    again = alice.call("POST", path, body, **key)
    assert again.status_code in (200, 202), again.content


def test_an_upload_that_found_no_room_leaves_no_file(alice, monkeypatch, folder):
    monkeypatch.setattr("integrations.imports.files.unpack", failing(AWAY["disk full"]))
    problem(alice.call("POST", "/api/v1/imports?kind=customers", FILE), 503)
    assert list(folder.iterdir()) == []
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize("error", [BrokerError("refused"), AWAY["redis full"], ConnectionResetError()])
def test_an_import_whose_message_is_lost_is_taken_up_by_beat(
    alice, monkeypatch, django_capture_on_commit_callbacks, error
):
    sent = []
    with monkeypatch.context() as away:
        away.setattr("accounts.tasks.run_job.apply_async", failing(error))
        with django_capture_on_commit_callbacks(execute=True):
            answer = alice.call("POST", "/api/v1/imports?kind=customers", FILE)
    assert answer.status_code == 202
    job = Job.objects.get()
    assert job.state == Job.State.QUEUED
    monkeypatch.setattr("accounts.tasks.run_job.apply_async", lambda **options: sent.append(options))
    with django_capture_on_commit_callbacks(execute=True):
        assert wake_forgotten() == 0  # its worker may only be busy
        Job.objects.update(created_at=clock.now() - timedelta(minutes=3))
        assert (wake_forgotten(), wake_forgotten()) == (1, 0)
    assert sent == [{"kwargs": {"job_id": str(job.pk)}, "queue": "ingest"}]
    jobs.run(job)
    jobs.run(job)  # both messages may arrive
    assert Customer.objects.get().external_id == "c-1"
    assert ImportRun.objects.get().state == "done"
