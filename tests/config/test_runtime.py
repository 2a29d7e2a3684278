"""Settings, secrets, checks, logs and the schedule."""

import json
import logging
import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pytest
import structlog
import yaml
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django_celery_beat.models import PeriodicTask

from config import checks, local_secrets, logs
from config.celery import app
from config.embedded.places import ROOT
from config.keys import parse_field_keys
from config.scheduler import Leadership
from config.settings.base import redis_database
from config.supervisor.handover import point_demo_at
from config.supervisor.output import Output
from config.supervisor.processes import WORKERS
from config.tasks import CANARY, show_life
from core.models import Heartbeat
from tests.patience import PATIENCE, until

from .conftest import environment


class Told(logging.Handler):
    """Keep what the log was told."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep structured events."""
        if isinstance(record.msg, dict):
            self.events.append(record.msg)

    def of(self, **members: str) -> dict | None:
        """Return the first event with these members."""
        return next((event for event in self.events if members.items() <= event.items()), None)


@pytest.mark.django_db(transaction=True)
def test_the_request_id_follows_into_the_task_through_the_real_broker():
    told = Told()
    with (
        structlog.contextvars.bound_contextvars(request_id="req-1"),
        start_worker(app, pool="solo", queues=["default"], perform_ping_check=False, loglevel="INFO"),
    ):
        logging.getLogger().addHandler(told)  # the worker has set up our log by now
        sent = show_life.apply_async(ignore_result=True)
        done = until(lambda: told.of(event="task_succeeded", task_id=sent.id), "the task")
    logging.getLogger().removeHandler(told)
    assert (done["request_id"], done["task"]) == ("req-1", "config.tasks.show_life")
    assert Heartbeat.objects.filter(name=CANARY).count() == 1


def test_a_task_for_a_queue_without_a_worker_is_refused():
    with pytest.raises(Exception, match="nobody_reads_me"):
        show_life.apply_async(queue="nobody_reads_me")


def test_every_queue_has_a_worker_in_the_terminal_and_in_the_containers():
    queues = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    assert queues == {queue for names, _, _ in WORKERS.values() for queue in names.split(",")}
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    commands = [service.get("command", []) for service in services.values()]
    assert queues == {command[command.index("-Q") + 1] for command in commands if "-Q" in command}


@pytest.mark.django_db
def test_the_canary_is_scheduled_and_a_changed_schedule_survives_the_migration(as_migrated):
    task = PeriodicTask.objects.get(name="Show life")
    assert (task.task, task.interval.every, task.interval.period) == ("config.tasks.show_life", 15, "seconds")


@pytest.mark.django_db(transaction=True)
def test_only_one_beat_leads_and_the_next_takes_over():
    first, second = Leadership(lock=991), Leadership(lock=991)
    try:
        assert (first.held(), second.held(), first.held()) == (True, False, True)
        first.give_up()
        assert (second.held(), first.held()) == (True, False)
    finally:
        first.give_up()
        second.give_up()


@pytest.mark.django_db(transaction=True)
def test_a_beat_whose_connection_is_cut_no_longer_leads():
    beat, rival = Leadership(lock=992), Leadership(lock=992)
    try:
        assert beat.held()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE objid = 992")
        beat._proven = 0.0
        assert not beat.held()
        assert rival.held()
    finally:
        beat.give_up()
        rival.give_up()


def test_secrets_are_made_once_private_and_alike_for_everybody(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = set(map(repr, pool.map(lambda _: local_secrets.load(tmp_path / "var"), range(8))))
    assert len(found) == 1
    path = tmp_path / "var" / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("{")
    with pytest.raises(RuntimeError, match="Restore it from a backup"):
        local_secrets.load(tmp_path / "var")


def ids(found):
    return [message.id for message in found]


def test_checks_name_what_is_wrong_and_how_to_mend_it(settings):
    for check in checks.ALWAYS:
        assert not list(check(None))
    settings.FIELD_KEYS = {"k1": "c2hvcnQ="}
    found = list(checks.check_field_keys(None))
    assert ids(found) == ["rapport.E001"]
    assert "5 bytes instead of 32" in found[0].msg
    assert "RAPPORT_FIELD_KEYS" in found[0].hint
    settings.FIELD_KEYS = {}
    assert ids(checks.check_field_keys(None)) == ["rapport.E001"]
    settings.HASH_KEY = "short"
    assert ids(checks.check_hash_key(None)) == ["rapport.E002"]
    settings.TRAINING_TIME_LIMIT = 3601
    assert ids(checks.check_queues(None)) == ["rapport.E003"]
    settings.SHOP_TIME_ZONE, settings.SHOP_CURRENCY = "Mars/Olympus", "Euro"
    assert ids(checks.check_shop(None)) == ["rapport.E005", "rapport.E006"]


@pytest.mark.django_db
def test_an_older_postgresql_is_refused_before_anything_is_migrated(monkeypatch):
    assert not list(checks.check_postgresql(None))
    assert not list(checks.check_postgresql(None, databases=["default"]))
    monkeypatch.setattr(checks, "POSTGRESQL", 99)
    [found] = checks.check_postgresql(None, databases=["default"])
    assert found.id == "rapport.E007"
    assert "Upgrade the server to 99" in found.hint
    with pytest.raises(SystemCheckError, match=r"rapport\.E007"):
        call_command("check", databases=["default"])


@pytest.mark.parametrize("text", ["k1", "k1:", ":abc", "k1:abc,k2"])
def test_field_keys_of_another_form_are_refused(text):
    with pytest.raises(ValueError, match="id:base64"):
        parse_field_keys(text)


def test_the_first_field_key_writes():
    assert list(parse_field_keys(" k2:Yg==, k1:YQ==")) == ["k2", "k1"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:pw@h:1", "redis://:pw@h:1/3"),
        ("redis://h:1/0", "redis://h:1/3"),
        ("rediss://h:1/0?ssl_cert_reqs=none", "rediss://h:1/3?ssl_cert_reqs=none"),
    ],
)
def test_redis_databases(url, expected):
    assert redis_database(url, 3) == expected


PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "DJANGO_SECRET_KEY": "s" * 60 + "0123456789",
    "RAPPORT_FIELD_KEYS": "k1:" + "A" * 43 + "=",
    "RAPPORT_HASH_KEY": "h" * 32,
    "ALLOWED_HOSTS": "shop.example",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "SHOP_FROM_EMAIL": "shop@shop.example",
    "SHOP_POSTAL_ADDRESS": "1 Market Street",
}


def run(var: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess:
    env = environment(var, **(PRODUCTION | more))
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_production_starts_no_servers_and_passes_djangos_deployment_check(tmp_path):
    done = run(tmp_path / "var", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "var").exists()


def test_production_names_the_missing_variable(tmp_path):
    env = environment(tmp_path / "var", **PRODUCTION)
    del env["RAPPORT_HASH_KEY"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check"],
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "RAPPORT_HASH_KEY" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_var_folder_that_cannot_be_used_is_explained_without_a_trace(tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "run").write_text("a file stands here")
    done = run(tmp_path / "var", "migrate", DJANGO_SETTINGS_MODULE="config.settings.local", DATABASE_URL="")
    assert done.returncode == 1
    assert "set RAPPORT_VAR to another one" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_logs_carry_no_addresses_rows_or_queries():
    event = logs.without_personal_data(
        None,
        "info",
        {
            "event": "Integrity error\nDETAIL:  Key (email)=(alice@example.com) already exists.\nend",
            "request": "GET /admin/customers/?q=alice%40example.com",
            "user_agent": "Mozilla",
            "error": "cannot mail bob.smith+x@mail.example.co.uk, sorry",
            "n": 3,
        },
    )
    assert event == {
        "event": "Integrity error\nDETAIL:  [row]\nend",
        "request": "GET /admin/customers/?…",
        "error": "cannot mail [address], sorry",
        "n": 3,
    }


def test_foreign_lines_become_events_that_name_their_process():
    stream = StringIO()
    output = Output("json", stream)
    output.line("web", '{"event": "ours", "process": "web"}')
    output.line("beat", "a bare line")
    output.line("beat", "   ")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[0] == {"event": "ours", "process": "web"}
    assert (lines[1]["event"], lines[1]["process"]) == ("a bare line", "beat")
    assert len(lines) == 2
    stream = StringIO()
    Output("console", stream).line("web", "hello")
    assert stream.getvalue() == "web      │ hello\n"


def test_the_demo_file_keeps_what_it_holds_and_stays_private(tmp_path):
    path = tmp_path / "demo.json"
    point_demo_at(path, "http://127.0.0.1:8001")
    assert not path.exists()
    path.write_text(json.dumps({"url": "old", "api_key": "k"}))
    point_demo_at(path, "http://127.0.0.1:8001")
    assert json.loads(path.read_text()) == {"url": "http://127.0.0.1:8001", "api_key": "k"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_translations_are_compiled_without_gettext_and_without_unfinished_entries(tmp_path, settings):
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "Customers"\nmsgstr "顾客"\n\n'
        'msgid "Empty"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgid "Unsure"\nmsgstr "不确定"\n'
    )
    settings.LOCALE_PATHS = [tmp_path]
    call_command("compilemessages", verbosity=0)
    compiled = (folder / "django.mo").read_bytes()
    assert "顾客".encode() in compiled
    assert b"Empty" not in compiled
    assert b"Unsure" not in compiled


@pytest.mark.parametrize("script", ["bin/demo", "bin/test", ".ci/run"])
def test_scripts_are_posix_and_executable(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/bin/sh\n")
    for file in (path, ROOT / "bin" / "lib.sh"):
        subprocess.run(["/bin/sh", "-n", str(file)], check=True)
        assert not re.search(r"\[\[|\bsource\b|\bfunction\b|==", file.read_text())


def test_an_old_python_is_refused_with_what_to_do(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "id", "cat", "rm"):
        (tools / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    copy = tmp_path / "copy" / "bin"
    copy.mkdir(parents=True)
    for name in ("demo", "lib.sh"):
        (copy / name).write_bytes((ROOT / "bin" / name).read_bytes())
    (copy.parent / "requirements.txt").touch()
    done = subprocess.run(
        ["/bin/sh", str(copy / "demo")],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "Rapport needs Python 3.11 or newer" in done.stderr
    assert done.stdout == ""
