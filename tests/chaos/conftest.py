"""Real workers in a process group, a mail server that counts, and a watcher that never looks away."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import astuple
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.db import Error as DatabaseFault
from django.db import close_old_connections, connection

from delivery.selectors import breakdown
from tests.delivery.conftest import ROOT, now, process_env, smtp_server, source  # noqa: F401  fixtures

LONGEST_OUTAGE = 60  # seconds until a killed server must answer again


logging.getLogger("mail.log").setLevel(logging.WARNING)  # else aiosmtpd tells of every SMTP line


@pytest.fixture(scope="session", autouse=True)
def _own_servers():
    """Refuse to kill servers that others may use."""
    if "RAPPORT_CHAOS" not in os.environ:
        pytest.exit("These tests kill servers. Run bin/chaos, which gives them some of their own.", 2)


def wait_for(condition, seconds, what):
    """Wait until a condition holds and return what it returned; databases that are away are waited for."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := condition():
                return found
        except DatabaseFault:
            connection.close()
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.1)


class Server:
    """A mail server that takes its time over each mail and remembers every Message-ID, in order."""

    def __init__(self, seconds=0.01, rcpt=None):
        self.seconds, self.rcpt = seconds, rcpt or (lambda name, asked: None)
        self.accepted, self.asked, self.at = [], Counter(), []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        name = address.partition("@")[0]
        self.asked[name] += 1
        if answer := self.rcpt(name, self.asked[name]):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        time.sleep(self.seconds)  # the loop is the server's own thread
        head = envelope.original_content.split(b"\r\n\r\n", 1)[0].decode()
        [key] = [line[12:] for line in head.split("\r\n") if line.lower().startswith("message-id: ")]
        self.accepted.append((envelope.rcpt_tos[0], key))
        self.at.append(time.time())
        return "250 OK"

    @property
    def doubles(self):
        """How many mails came more than once; a second one under another name would be a new message."""
        people = Counter(address for address, _ in self.accepted)
        assert len(people) == len(set(self.accepted)), "a repeat came under another Message-ID"
        return sum(people.values()) - len(people)


class Workers:
    """A Celery worker with two processes, as `manage.py up` starts it, in a process group of its own."""

    def __init__(self, port):
        self.env = process_env(
            EMAIL_URL=f"smtp://127.0.0.1:{port}", RAPPORT_LOG_LEVEL="WARNING", PYTHONUNBUFFERED="1"
        )
        self.process = None
        # Kept with the servers' logs where a part fails.
        self.log = (Path(os.environ["RAPPORT_VAR"]) / "log" / "workers.log").open("ab")

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.chaos.worker", "--quiet", "worker"]
            + ["-Q", "delivery", "-c", "2", "--without-gossip", "--without-mingle"],
            cwd=ROOT, env=self.env, stdout=subprocess.DEVNULL, stderr=self.log, start_new_session=True,
        )  # fmt: skip

    def kill(self):
        """Kill all of them at once, without a word."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=60)
            self.process = None


@pytest.fixture
def start_workers():
    """Return a function that makes the workers for a mail server's port; none is left behind."""
    made = []

    def make(port):
        made.append(Workers(port))
        made[-1].start()
        return made[-1]

    yield make
    for workers in made:
        if workers.process is not None:
            workers.kill()
        workers.log.close()


class Watcher(threading.Thread):
    """Adds up the eight parts of a run every half second, whatever happens to the database."""

    def __init__(self, run):
        super().__init__(daemon=True)
        self.run_id, self.over = run.id, threading.Event()
        self.samples, self.wrong, self.away = 0, [], 0

    def run(self):
        while not self.over.wait(0.5):
            try:
                close_old_connections()
                audience, *parts = astuple(breakdown([self.run_id])[self.run_id])
            except (DatabaseFault, KeyError):
                self.away += 1
                connection.close()
                continue
            self.samples += 1
            if sum(parts) != audience:
                self.wrong.append((audience, parts))
        connection.close()

    def end(self):
        self.over.set()
        self.join()
        assert self.wrong == []
        return self.samples


@pytest.fixture
def watch():
    """Return a function that starts to watch a run."""
    made = []

    def start(run):
        made.append(Watcher(run))
        made[-1].start()
        return made[-1]

    yield start
    for watcher in made:
        watcher.over.set()
        watcher.join()


def server_state():
    """Return what the guardian says of its servers."""
    return json.loads((Path(os.environ["RAPPORT_VAR"]) / "run" / "state.json").read_text())


def kill_redis():
    """Kill Redis so that it comes back empty: its file is gone before it dies."""
    client = redis.Redis.from_url(django_settings.CELERY_BROKER_URL)
    client.config_set("appendonly", "no")
    client.set("chaos", "here")
    state = server_state()["redis"]
    shutil.rmtree(Path(state["folder"]) / "appendonlydir", ignore_errors=True)
    os.kill(state["pid"], signal.SIGKILL)

    def empty():
        try:
            return client.get("chaos") is None
        except redis.RedisError:
            return False

    wait_for(empty, LONGEST_OUTAGE, "the return of Redis, empty")


def crash_postgres(number):
    """Crash PostgreSQL: SIGQUIT is its immediate shutdown, SIGKILL of the postmaster is worse."""
    state = server_state()["postgres"]
    os.kill(state["pid"], number)

    def back():
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return server_state()["postgres"]["pid"] != state["pid"]

    wait_for(back, LONGEST_OUTAGE, "the return of PostgreSQL")
