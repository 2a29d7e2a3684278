"""Real parts for delivery: the sink as a process of its own, worker processes, scripted mail servers."""

import os
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from tests.delivery.source import register
from tests.mail_server import mail_server
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def now():
    """The present: lease and due times are compared with it by other processes as well."""
    return datetime.now(UTC)


@pytest.fixture
def source():
    """The test source, without memory of earlier tests."""
    hello = register()
    hello.__init__()
    return hello


def process_env(**extra):
    """Return the environment in which another process sees the test's own database."""
    db = connection.settings_dict
    url = f"postgres://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"
    return os.environ | {
        "DATABASE_URL": url,
        "REDIS_URL": django_settings.CELERY_BROKER_URL,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        **extra,
    }


@pytest.fixture(scope="session")
def _sink_port(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        env = process_env()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "mailsink", "--port", "0"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    yield int(line.rpartition(":")[2])
    process.terminate()
    assert process.wait(timeout=PATIENCE) == 0
    process.stdout.close()


@pytest.fixture
def sink(_sink_port, settings):
    """Let mail go to a running `manage.py mailsink` that stores into the test's database."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _sink_port
    return _sink_port


@pytest.fixture
def smtp_server(settings):
    """Return a function that starts a mail server with a handler and lets mail go there."""
    with ExitStack() as running:
        yield lambda handler, **options: running.enter_context(mail_server(handler, settings, **options))


@pytest.fixture
def worker(_sink_port):
    """Return a function that starts a worker process on a run; all are gone after the test."""
    started = []

    def start(run):
        env = process_env(EMAIL_URL=f"smtp://127.0.0.1:{_sink_port}")
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.delivery.worker", str(run.id)],
            cwd=ROOT, env=env, stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def strict_client():
    """A browser without cookies whose POSTs are checked for CSRF as in production."""
    return Client(enforce_csrf_checks=True)
