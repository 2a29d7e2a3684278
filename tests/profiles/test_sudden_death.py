"""Work on all customers that is killed between two slices goes on with the rest, and does nothing twice."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from profiles import clustering, rounds, services, studies
from profiles.building import complete
from profiles.models import Clustering, CustomerProfile, CustomerTexts, Persona, ProfileBuild, Round, Study
from profiles.services import build_profiles, cluster_customers
from tests.profiles.conftest import AS_OF
from tests.profiles.test_studies import busy

ROOT = Path(__file__).parents[2]
LATER = AS_OF + timedelta(minutes=10)
__all__ = ["busy"]

pytestmark = pytest.mark.django_db(transaction=True)


def killed(work, message, times, folder):
    """Start a worker and kill it when it said a message for the last time of so many."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }
    name = connection.settings_dict["NAME"]
    command = [sys.executable, str(ROOT / "tests/profiles/worker.py"), name, str(folder)]
    arguments = [*command, AS_OF.isoformat(), work]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(arguments, env=environment, text=True, bufsize=1, **pipes) as worker:
        for line in worker.stdout:
            times -= line.strip() == message
            if not times:
                break
            worker.stdin.write("go on\n")
        os.kill(worker.pid, signal.SIGKILL)
    assert worker.returncode == -signal.SIGKILL


def never(*args, **options):
    raise AssertionError("this was done before the worker died")


def rows(model):
    return list(model.objects.order_by("pk").values())


def test_a_killed_build_goes_on_and_nobody_saw_half_of_it(busy, tmp_path, monkeypatch):
    killed("profiles", "figures", 2, tmp_path)
    left = ProfileBuild.objects.get()
    assert (left.finished_at, left.customers) == (None, 80)
    assert not CustomerProfile.objects.exists()

    slices = []
    slice_ = complete._next_slice
    with monkeypatch.context() as patched:
        patched.setattr(complete, "_read_facts", never)
        patched.setattr(
            complete, "_next_slice", lambda build, *a: slices.append(build.through) or slice_(build, *a)
        )
        done = complete.build(as_of=AS_OF, now=LATER, size=40)
    assert (done.pk, done.customers) == (left.pk, 160)
    assert slices[0] == left.through
    assert len(slices) == 3  # two with customers, one that found no more
    resumed = rows(CustomerProfile)
    build_profiles(as_of=AS_OF, now=LATER)
    assert ProfileBuild.objects.count() == 2
    assert rows(CustomerProfile) == resumed


def test_killed_persona_finding_gives_the_rest_theirs(busy, tmp_path, monkeypatch):
    build_profiles(as_of=AS_OF, now=AS_OF)
    killed("personas", "personas", 2, tmp_path)
    left = Clustering.objects.get()
    assert not left.active
    assert set(Persona.objects.values_list("size", flat=True)) == {0}
    assert CustomerProfile.objects.filter(persona=None).count() == 80
    before = {row["customer_id"]: row for row in rows(CustomerProfile) if row["persona_id"]}

    monkeypatch.setattr(rounds, "SLICE", 40)
    written = []
    place = clustering.place_customers
    with monkeypatch.context() as patched:
        patched.setattr(services, "cluster", never)
        patched.setattr(clustering, "place_customers", lambda *a: written.append(place(*a)) or written[-1])
        done = cluster_customers(as_of=LATER, now=LATER, any_moment=True)
    assert (done.pk, done.active, done.as_of) == (left.pk, True, AS_OF)
    assert written == [40, 40]
    whole = {row["customer_id"]: row for row in rows(CustomerProfile)}
    assert before.items() <= whole.items()
    assert sum(Persona.objects.values_list("size", flat=True)) == 160
    assert Study.objects.get(kind="personas").content["new"] == 160
    assert Round.objects.get().finished_at == LATER
    # Whole now: the next one begins anew, and finds the same.
    again = cluster_customers(as_of=AS_OF, now=LATER)
    assert again.pk != left.pk
    assert {row["customer_id"]: row for row in rows(CustomerProfile)} == whole


def test_a_killed_study_keeps_what_was_found(busy, tmp_path, monkeypatch):
    killed("studies", "texts", 3, tmp_path)  # once when it begins, then after each slice
    kept = {found.kind: found.pk for found in Study.objects.all()}
    assert set(kept) == {"lifecycle", "classes", "fields"}
    assert CustomerTexts.objects.count() == 80
    before = rows(CustomerTexts)

    monkeypatch.setattr(rounds, "SLICE", 40)
    with monkeypatch.context() as patched:
        patched.setattr(studies, "lifecycle", never)
        patched.setattr(studies, "classes", never)
        patched.setattr(studies, "read_past", never)
        made = studies.study(as_of=LATER, now=LATER, any_moment=True)
    assert {found.kind: found.pk for found in made[:3]} == kept
    assert (made[3].as_of, made[3].content["customers"], made[3].content["reviews"]) == (AS_OF, 160, 10)
    whole = rows(CustomerTexts)
    assert len(whole) == 160
    assert all(row in whole for row in before)
    anew = studies.study(as_of=AS_OF, now=LATER)
    assert {found.pk for found in anew}.isdisjoint(found.pk for found in made)
    assert rows(CustomerTexts) == whole
    assert anew[3].content == made[3].content
