"""``manage.py up`` from start to stop, with real processes dying in between."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from django.core.management import CommandError, call_command

from config.embedded.places import ROOT
from tests.patience import PATIENCE, until

from .conftest import environment, processes_of, state_of

pytestmark = pytest.mark.slow
#: Seconds that the first start has, which makes all tables.
MIGRATED = 400


class Up:
    """A running ``manage.py up``."""

    def __init__(self, var: Path, *arguments: str) -> None:
        self.var = var
        self.log = var.parent / f"{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up", *arguments],
                env=environment(var, RAPPORT_LOG="json", DJANGO_SETTINGS_MODULE="config.settings.local"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def state(self) -> dict:
        """Return what it says of itself; one that was killed before has left its word there."""
        try:
            said = json.loads((self.var / "run" / "up.json").read_text())
        except (OSError, ValueError):
            return {}
        return said if said["pid"] == self.process.pid else {}

    def ready(self) -> str:
        """Wait until it answers, and return its address."""
        until(
            lambda: self.state().get("status") == "ready" or self.process.poll() is not None,
            "the start",
            seconds=MIGRATED,
        )
        assert self.process.poll() is None, self.log.read_text()
        return self.state()["url"]

    def events(self, name: str) -> list[dict]:
        """Return the lines of one process."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["process"] == name]

    def child(self, *words: str) -> psutil.Process | None:
        """Return the direct child whose command line has all these words, unless it is dead just now."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):
                if set(words) <= set(child.cmdline()):
                    return child
        return None

    def another(self, before: psutil.Process, *words: str) -> bool:
        """Say whether such a child runs, and is not the one from before."""
        child = self.child(*words)
        return child is not None and child.pid != before.pid

    def workers(self) -> set[int]:
        """Return the ids of the three workers."""
        found = [self.child("worker", queue) for queue in ("default,ingest", "delivery", "training")]
        assert all(found), "one is missing"
        return {child.pid for child in found}


@pytest.fixture(scope="module")
def folder():
    """Make a folder for all starts here: the first one makes the servers and the tables."""
    made = Path(tempfile.mkdtemp(prefix="rapport-test-"))
    made.chmod(0o755)
    (made / "var").mkdir()
    yield made
    shutil.rmtree(made)


@pytest.fixture
def start(folder):
    """Start the product in that folder; nothing of it runs afterwards."""
    made: list[Up] = []

    def make(*arguments):
        made.append(Up(folder / "var", *arguments))
        return made[-1]

    make.var = folder / "var"
    yield make
    for up in made:
        if up.process.poll() is None:
            up.process.kill()
            up.process.wait()
    until(lambda: not processes_of(folder / "var"), "the end of the servers")


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, {}


def is_ready(url):
    return get(f"{url}/readyz")[0] == 200


def test_up_serves_survives_deaths_and_stops_cleanly(start):
    demo = start.var / "demo.json"
    demo.write_text(json.dumps({"url": "http://127.0.0.1:1", "username": "demo"}))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = start("--port", str(port))
        url = up.ready()
    assert url != f"http://127.0.0.1:{port}"
    assert json.loads(demo.read_text()) == {"url": url, "username": "demo"}
    assert stat.S_IMODE(demo.stat().st_mode) == 0o600

    def seconds():
        started = time.monotonic()
        assert get(f"{url}/healthz") == (200, {"status": "ok"})
        return time.monotonic() - started

    until(lambda: seconds() < 0.1, "a quick answer")  # its workers are starting, too
    until(lambda: is_ready(url), "readiness")

    # A worker is killed: another one takes its place.
    worker = until(lambda: up.child("worker", "default,ingest"), "a worker")
    orphans = worker.children()
    worker.kill()
    until(lambda: [line for line in up.events("up") if "worker ended (SIGKILL)" in line["event"]], "its end")
    until(lambda: up.events("worker") and not any(child.is_running() for child in orphans), "their end")
    until(lambda: up.another(worker, "worker", "default,ingest"), "a new worker")

    # Redis is killed: no worker exits, all of them come back, and work goes on (Celery 5.7.0 would exit).
    workers = up.workers()
    until(lambda: sum("ready." in line["event"] for line in up.events("worker")) >= 2, "two starts")
    psutil.Process(state_of(up.var)["redis"]["pid"]).kill()
    lost = time.time()

    def worked_since():
        beats = [line for line in up.events("worker") if line["event"] == "task_succeeded"]
        return any(
            line["timestamp"] > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(lost + 1)) for line in beats
        )

    until(lambda: worked_since() and is_ready(url), "work after the loss of Redis")
    assert up.workers() == workers

    # PostgreSQL is killed: pages never show a trace, readiness returns.
    psutil.Process(state_of(up.var)["postgres"]["pid"]).kill()
    until(lambda: is_ready(url), "readiness after the loss of PostgreSQL")

    family = psutil.Process(up.process.pid).children(recursive=True)
    asked = time.monotonic()
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(PATIENCE) == 0
    assert time.monotonic() - asked < 30  # whoever is slower is killed
    assert not [process for process in family if process.is_running() and process.status() != "zombie"]
    assert not processes_of(up.var)
    assert not (up.var / "run" / "up.json").exists()
    assert not [line for line in up.events("web") if "Traceback" in json.dumps(line)]
    text = up.log.read_text()
    assert state_of(up.var)["database_url"].split(":")[2].split("@")[0] not in text


def test_nothing_outlives_a_killed_supervisor(start):
    up = start("--only", "web,beat", "--port", "8100")
    up.ready()
    family = psutil.Process(up.process.pid).children(recursive=True)
    assert len(family) >= 4
    os.kill(up.process.pid, signal.SIGKILL)
    until(lambda: not any(process.is_running() for process in family), "the end of the children")
    until(lambda: not processes_of(up.var), "the end of the servers")


def test_an_unknown_part_is_refused():
    with pytest.raises(CommandError, match="no part called wrong; use web, workers, beat, mail"):
        call_command("up", only="web,wrong")
