"""The real web server on the test's own database, and clients that repeat what got no answer."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connection

from config.embedded.places import ROOT
from config.supervisor import processes
from tests.patience import PATIENCE, until


class Web:
    """A running web server."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid

    def workers(self) -> list[int]:
        """Return the processes that answer."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def kill_one(self) -> None:
        """Kill one of the processes that hold a client's connection, as an empty memory would; if any does.

        One that has only just begun holds none: its death would cut nothing off.
        """
        if holding := [pid for pid in self.workers() if self._holds(pid)]:
            os.kill(random.choice(holding), signal.SIGKILL)

    def _holds(self, pid: int) -> bool:
        try:
            found = psutil.Process(pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            return False
        return any(c.status == psutil.CONN_ESTABLISHED and c.laddr.port == self.port for c in found)


@contextmanager
def web_server(log: Path) -> Iterator[Web]:
    """Run gunicorn as `manage.py up` does."""
    # Gunicorn binds a moment after this one has let go; it tries for five seconds if another has the port.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = connection.settings_dict
    process = processes.web("127.0.0.1", port)
    environment = os.environ | process.environment | {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "DATABASE_URL": f"postgres://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}",
        "REDIS_URL": settings.CACHES["default"]["LOCATION"],
        "API_CALLS_PER_MINUTE": "1000000",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
    }  # fmt: skip
    with log.open("wb") as output:
        server = subprocess.Popen(process.argv, env=environment, cwd=ROOT, stdout=output, stderr=output)
        try:
            web = Web(port, server.pid)

            def ready() -> bool:
                assert server.poll() is None, log.read_text()
                return len(web.workers()) >= 2 and _answers(port)

            until(ready, log.read_text)
            try:
                yield web
            except BaseException:
                # What the server said is all there is to go by; it answers thousands of calls.
                said = [line for line in log.read_text().splitlines() if '"request_finished"' not in line]
                sys.stderr.write("\n".join(said)[-20_000:])
                raise
        finally:
            server.terminate()
            server.wait(PATIENCE)


def _answers(port: int) -> bool:
    client = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        client.request("GET", "/healthz")
        return client.getresponse().status == 200
    except OSError:
        return False
    finally:
        client.close()


class Client:
    """A partner's system: sends until it has an answer, and keeps the statuses."""

    def __init__(self, port: int, secret: str) -> None:
        self.port, self.secret = port, secret
        self.statuses: list[int] = []
        self.broken = 0
        self._connection: HTTPConnection | None = None

    def close(self) -> None:
        """Hang up."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def send(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the answer to a batch, repeated while there is none or the server is away."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline
            try:
                self._connection = self._connection or HTTPConnection("127.0.0.1", self.port, timeout=30)
                headers = {"Authorization": f"Api-Key {self.secret}", "Content-Type": "application/json"}
                self._connection.request("POST", "/api/v1/events", json.dumps(events), headers)
                answer = self._connection.getresponse()
                body = answer.read()
            except (OSError, HTTPException):
                self.broken += 1
                self.close()
                time.sleep(0.05)
                continue
            self.statuses.append(answer.status)
            if answer.status == 202:
                return json.loads(body)
            assert answer.status == 503, body
            time.sleep(0.1)


def overlap(web: Web, secret: str, *, clients: int, seconds: float) -> set[int]:
    """Let clients send unsorted batches that share most of their events, people and products for a while.

    Return all statuses that came back.
    """
    end = time.monotonic() + seconds

    def run(number: int) -> list[int]:
        pick = random.Random(number)
        client = Client(web.port, secret)
        turn = 0
        while time.monotonic() < end:
            turn += 1
            names = [f"{turn // 2}-{n}" for n in range(120)]
            pick.shuffle(names)
            client.send([_view(name) for name in names])
        client.close()
        return client.statuses

    with ThreadPoolExecutor(clients) as pool:
        return {status for statuses in pool.map(run, range(clients)) for status in statuses}


def _view(name: str) -> dict[str, Any]:
    """Return a view by one of 70 people, some named by their address too."""
    number = hash(name)
    person = f"c{number % 70}"
    named = {"external_id": person, "email": f"{person}@example.com"} if number % 3 else person
    return {
        "message_id": name, "type": "view", "source": "web", "customer": named,
        "anonymous_id": f"v{number % 90}", "sku": f"s{number % 50}",
    }  # fmt: skip
