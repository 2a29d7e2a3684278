"""A backup that is restored sends nothing by itself, wherever it wakes up."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from io import StringIO

import psycopg2
import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection

from config.embedded.programs import POSTGRES_TREE, installed
from core import clock
from delivery.models import Home, Message, ReceivedMail, Run
from delivery.outbox import restored
from delivery.outbox.claim import claim, mark_sending
from delivery.outbox.policy import DEFAULT
from delivery.outbox.send import deliver
from delivery.outbox.sweep import sweep
from delivery.services import send_again
from tests.delivery.conftest import ROOT, process_env
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    """A var/ of the test's own; what Redis knows is forgotten afterwards."""
    settings.VAR = tmp_path
    yield tmp_path
    cache.clear()


@pytest.fixture
def twin():
    """Restore a dump of the test's database beside it, and return its name."""
    db = connection.settings_dict
    name = f"{db['NAME']}_twin"
    programs = installed().base / POSTGRES_TREE / "bin"
    where = ["-h", db["HOST"], "-p", str(db["PORT"]), "-U", db["USER"]]
    env = os.environ | {"PGPASSWORD": db["PASSWORD"]}
    admin = psycopg2.connect(
        host=db["HOST"], port=db["PORT"], user=db["USER"], password=db["PASSWORD"], dbname="postgres"
    )
    admin.autocommit = True

    def run(sql):
        with admin.cursor() as cursor:
            cursor.execute(sql)

    def restore():
        run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        run(f'CREATE DATABASE "{name}"')
        dump = subprocess.run(
            [programs / "pg_dump", *where, "-Fc", db["NAME"]], env=env, check=True, capture_output=True
        )
        subprocess.run([programs / "pg_restore", *where, "-d", name], input=dump.stdout, env=env, check=True)
        return name

    yield restore
    run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    admin.close()


def states():
    return dict(Counter(Message.objects.values_list("state", flat=True)))


def halfway(now):
    """A run of which some are sent, one is being sent, one is claimed and the others wait."""
    run = make_run(now=now)
    deliver_some = claim(run.id, now=now, policy=DEFAULT, most=2)
    Message.objects.filter(pk__in=[m.pk for m in deliver_some]).update(state="sent", lease_until=None)
    held = claim(run.id, now=now, policy=DEFAULT, most=2)
    mark_sending(run.id, held[:1], now=now, policy=DEFAULT)
    return run


def test_a_dump_restored_elsewhere_sends_nothing_and_the_original_goes_on(source, sink, twin, now):
    make_customers(10, now=now)
    sweep(now=now)
    run = halfway(now)
    name = twin()
    db = connection.settings_dict
    url = f"postgres://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{name}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.delivery.worker"],
        cwd=ROOT,
        env=process_env(EMAIL_URL=f"smtp://127.0.0.1:{sink}") | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert ReceivedMail.objects.count() == 0
    with (
        psycopg2.connect(
            host=db["HOST"], port=db["PORT"], user=db["USER"], password=db["PASSWORD"], dbname=name
        ) as other,
        other.cursor() as cursor,
    ):
        cursor.execute("SELECT state, count(*) FROM delivery_message GROUP BY 1")
        assert dict(cursor.fetchall()) == {"sent": 2, "uncertain": 8}
        cursor.execute("SELECT DISTINCT error FROM delivery_message WHERE state = 'uncertain'")
        assert cursor.fetchall() == [(restored.REASON,)]
        cursor.execute("SELECT count(*) FROM delivery_receivedmail")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT state FROM delivery_run")
        assert cursor.fetchone() == ("running",)
    other.close()

    assert states() == {"sent": 2, "sending": 1, "claimed": 1, "pending": 6}
    assert deliver(run.id, clock=clock.now) == 6


def test_a_database_that_went_back_in_time_sends_nothing_until_a_person_decides(source, sink, now):
    make_customers(4, now=now)
    sweep(now=now)
    run = halfway(now)
    for _ in range(3):
        sweep(now=now)
    Home.objects.update(tide=2)  # as a backup of an hour ago has it
    assert deliver(run.id, clock=clock.now) == 0
    assert states() == {"sent": 2, "uncertain": 2}
    sweep(now=now)
    assert (deliver(run.id, clock=clock.now), states()) == (0, {"sent": 2, "uncertain": 2})
    assert Run.objects.get().state == "running"
    assert send_again(run, now=now) == 2
    assert deliver(run.id, clock=clock.now) == 2


@pytest.mark.parametrize("lost", ["redis", "var"])
def test_one_witness_may_be_lost_and_the_other_still_knows(source, sink, now, place, lost):
    make_customers(2, now=now)
    sweep(now=now)
    run = make_run(now=now)

    def lose():
        cache.clear() if lost == "redis" else (place / "run" / "tide.json").unlink()

    lose()
    assert not restored.notice(now=now).restored
    sweep(now=now)
    sweep(now=now)
    lose()
    Home.objects.update(tide=1)
    assert restored.notice(now=now).messages == 2
    assert deliver(run.id, clock=clock.now) == 0


def test_files_copied_to_a_machine_that_knows_nothing_send_nothing(source, now, place):
    make_customers(3, now=now)
    sweep(now=now)
    make_run(now=now)
    cache.clear()
    (place / "run" / "tide.json").unlink()
    noticed = restored.notice(now=now)
    assert (noticed.restored, noticed.messages) == (True, 3)
    assert "history" in noticed.why
    assert not restored.notice(now=now).restored  # now it lives here
    assert states() == {"uncertain": 3}


def test_a_new_installation_and_a_broken_witness_are_nothing_strange(source, sink, now, place):
    make_customers(1, now=now)
    run = make_run(now=now)
    assert not restored.notice(now=now).restored
    (place / "run" / "tide.json").write_text("[")
    assert not restored.notice(now=now).restored
    assert deliver(run.id, clock=clock.now) == 1


def test_an_old_holder_of_a_restored_message_writes_nothing(source, now):
    make_customers(1, now=now)
    sweep(now=now)
    run = make_run(now=now)
    held = claim(run.id, now=now, policy=DEFAULT)
    restored.call_all_uncertain()
    assert mark_sending(run.id, held, now=now, policy=DEFAULT) == set()


def test_the_command_makes_safe_or_says_that_the_move_was_meant(source, sink, now):
    make_customers(2, now=now)
    sweep(now=now)
    run = make_run(now=now)
    Home.objects.update(cluster="elsewhere/1")
    out = StringIO()
    call_command("after_restore", "--moved", stdout=out)
    assert json.loads(out.getvalue()) == {"uncertain": 0, "moved": True}
    assert deliver(run.id, clock=clock.now) == 2

    make_run(now=now + timedelta(hours=1), reference="later")
    out = StringIO()
    call_command("after_restore", stdout=out)
    assert json.loads(out.getvalue()) == {"uncertain": 2, "moved": False}
    assert not restored.notice(now=now).restored
