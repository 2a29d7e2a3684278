"""Long work runs once, is taken over from a dead worker, and is given up before it kills them all."""

from datetime import UTC, datetime

import pytest

from accounts import jobs
from accounts.jobs import Cancelled, JobKind, create_job, kinds
from accounts.models import Job

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 5, 1, tzinfo=UTC)
calls: list[dict] = []


def work(parameters, now, progress):
    """Note the call and report once."""
    calls.append(dict(parameters))
    progress(1, 2, "half")
    if parameters.get("fail"):
        raise RuntimeError("no room")
    return {"seen": len(calls)}


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setattr(
        kinds, "_entries", {**dict(kinds), "test": JobKind("Test", "default", f"{__name__}.work")}
    )
    calls.clear()


def job(**parameters) -> Job:
    return create_job(kind="test", title="Test", now=NOW, parameters=parameters)


def test_a_job_keeps_its_result_and_its_last_progress():
    one = job(size=3)
    jobs.run(one)
    one.refresh_from_db()
    assert (one.state, one.result, one.done, one.total, one.message) == ("done", {"seen": 1}, 1, 2, "half")
    assert calls == [{"size": 3}]


def test_a_second_delivery_does_nothing():
    one = job()
    jobs.run(one)
    jobs.run(one)
    jobs.run(one, worker_died=True)
    assert len(calls) == 1


def test_a_running_job_is_left_alone_unless_its_worker_died():
    one = job()
    Job.objects.filter(pk=one.pk).update(state=Job.State.RUNNING, attempts=1)
    jobs.run(one)
    assert calls == []
    jobs.run(one, worker_died=True)
    one.refresh_from_db()
    assert (len(calls), one.state, one.attempts) == (1, "done", 2)


def test_a_job_that_kills_its_workers_is_given_up():
    one = job()
    Job.objects.filter(pk=one.pk).update(state=Job.State.RUNNING, attempts=jobs.MOST_ATTEMPTS)
    jobs.run(one, worker_died=True)
    one.refresh_from_db()
    assert (calls, one.state) == ([], "failed")
    assert one.error == "Its worker stopped 3 times."


def test_a_failure_is_told_and_raised():
    one = job(fail=True)
    with pytest.raises(RuntimeError):
        jobs.run(one)
    one.refresh_from_db()
    assert (one.state, one.error, one.result) == ("failed", "RuntimeError: no room", None)


def test_a_wish_to_cancel_stops_the_work():
    one = job()
    Job.objects.filter(pk=one.pk).update(cancel_requested=True)
    jobs.run(one)
    one.refresh_from_db()
    assert (one.state, one.result) == ("cancelled", None)
    assert issubclass(Cancelled, Exception)
