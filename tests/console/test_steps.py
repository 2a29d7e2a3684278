"""The demo's steps: who stops waiting stops the work."""

import pytest

from accounts.models import Job, User
from console.demo import steps

pytestmark = pytest.mark.django_db


def interrupt(line: str) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_demo_leaves_no_job_waiting_for_a_worker():
    user = User.objects.create(username="mia")

    with pytest.raises(KeyboardInterrupt):
        steps.run_job("import", interrupt, user, dataset="complete_journey", households=10)

    job = Job.objects.get()
    assert (job.state, job.cancel_requested) == (Job.State.CANCELLED, True)
    assert job.finished_at is not None
