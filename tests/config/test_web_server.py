"""Connections spread evenly over the processes of the web server, also when one of them dies."""

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from config.embedded.places import ROOT
from tests.patience import PATIENCE, until

# The product's own settings; a worker that has more waits so long that a busy machine cannot matter.
SETTINGS = """
from config.web_server import *
from config import web_worker

web_worker.GIVE_WAY = 1.5
workers = 2


def when_ready(server):
    pass
"""
APP = """
import os

def app(environ, start):
    body = str(os.getpid()).encode()
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


class Servers:
    """A running gunicorn whose processes say who they are."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid

    def workers(self) -> set[int]:
        """Return the processes that answer."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return {int(child) for child in children.split()}

    def connect(self, kept: ExitStack) -> HTTPConnection:
        """Open a connection that is kept."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        kept.callback(connection.close)
        connection.connect()
        return connection


def who(connection: HTTPConnection) -> int:
    """Return the process that answers on a connection."""
    connection.request("GET", "/")
    return int(connection.getresponse().read())


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    (folder / "even.py").write_text(SETTINGS)
    (folder / "whoami.py").write_text(APP)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "web.log"
    with log.open("wb") as output:
        master = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:even", "-b", f"127.0.0.1:{port}", "whoami:app"],
            env=os.environ | {"PYTHONPATH": f"{folder}:{ROOT}:{ROOT / 'platform'}"},
            stdout=output,
            stderr=output,
        )
        try:
            found = Servers(port, master.pid)

            def ready() -> bool:
                assert master.poll() is None, log.read_text()
                try:
                    with ExitStack() as kept:
                        return len({who(found.connect(kept)) for _ in range(2)}) == 2
                except OSError:
                    return False

            until(ready, log.read_text)
            yield found
        finally:
            master.terminate()
            master.wait(PATIENCE)


def test_connections_spread_evenly_and_a_new_process_gets_the_next_ones(tmp_path):
    with servers(tmp_path) as web, ExitStack() as kept:
        shares = Counter(who(web.connect(kept)) for _ in range(12))
        assert set(shares) == web.workers()
        assert max(shares.values()) - min(shares.values()) <= 2
        died, left = web.workers()
        os.kill(died, signal.SIGKILL)
        [born] = until(lambda: web.workers() - {died, left}, "a process in its place")
        # The one that is left holds half of them; the new one has none, and takes all until it has as many.
        until(lambda: who(web.connect(kept)) == born, lambda: "the new process takes nothing")
        assert {who(web.connect(kept)) for _ in range(3)} == {born}
