"""A scoring that is killed between two batches goes on with the rest, and trains nothing twice."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from profiles.models import CustomerScore, ScoreVersion
from profiles.scores import services
from profiles.scores.services import score_customers
from tests.profiles.conftest import AS_OF
from tests.profiles.scores.test_scores import history

ROOT = Path(__file__).parents[3]
__all__ = ["history"]


@pytest.mark.django_db(transaction=True)
def test_a_killed_scoring_goes_on_with_the_rest(history, settings, tmp_path, monkeypatch):
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }
    name = connection.settings_dict["NAME"]
    command = [sys.executable, str(ROOT / "tests/profiles/scores/worker.py"), name, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(
        [*command, AS_OF.isoformat()], env=environment, text=True, bufsize=1, **pipes
    ) as worker:
        assert worker.stdout.readline().strip() == "batch churn"
        worker.stdin.write("go on\n")
        assert worker.stdout.readline().strip() == "batch churn"
        os.kill(worker.pid, signal.SIGKILL)
    version = ScoreVersion.objects.get()
    assert (version.kind, version.known, version.active) == ("churn", True, False)
    before = dict(CustomerScore.objects.values_list("customer_id", "pk"))
    assert len(before) == 80

    trained, given = [], []
    train, write = services.train, services.write_batch

    def training(tables, target, seed):
        trained.append(target.kind)
        return train(tables, target, seed)

    monkeypatch.setattr(services, "train", training)
    monkeypatch.setattr(
        services, "write_batch", lambda batch, v: given.append((v.kind, batch.height)) or write(batch, v)
    )
    later = AS_OF + timedelta(minutes=10)
    versions = score_customers(as_of=later, now=later, any_moment=True)
    assert "churn" not in trained
    people = versions[0].customers
    assert given[0] == ("churn", people - 80)
    assert versions[0].pk == version.pk
    assert {one.as_of for one in versions} == {AS_OF}
    assert all(one.active for one in versions)
    scores = CustomerScore.objects.filter(kind="churn")
    assert set(scores.values_list("model_version", flat=True)) == {str(version.pk)}
    assert scores.count() == people
    assert before.items() <= dict(scores.values_list("customer_id", "pk")).items()
    # Whole now: the next one begins anew.
    begun = services.begin(as_of=later, now=later, seed=0, any_moment=True)
    assert (begun.versions, begun.as_of) == ({}, later)
