"""The web server under test, and the processor time that it and PostgreSQL take."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from django.conf import settings

from benchmarks.ingest.storage import DATABASE, execute, say, server_address
from config.embedded.places import ROOT as HERE
from config.supervisor import processes


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web_server() -> Iterator[tuple[str, int]]:
    """Run the web server of `manage.py up` on the benchmark's database. Yield its address and process."""
    port = free_port()
    process = processes.web("127.0.0.1", port)
    environment = os.environ | process.environment | {
        "DATABASE_URL": server_address(DATABASE), "REDIS_URL": settings.REDIS_URL,
        "API_CALLS_PER_MINUTE": "1000000000", "RAPPORT_PROCESS": "web", "RAPPORT_LOG_LEVEL": "INFO",
        "PYTHONPATH": f"{HERE}:{HERE / 'platform'}",
    }  # fmt: skip
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(process.argv, env=environment, cwd=HERE, stdout=log, stderr=log)
        try:
            for _ in range(900):  # a busy machine takes a minute to import everything
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            else:
                raise SystemExit("The web server did not start.")
            # The first worker has answered, a second later the others are there as well.
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=90) as answer:
                answer.read()
            time.sleep(1)
            yield f"http://127.0.0.1:{port}", server.pid
        except BaseException:
            log.seek(0)
            faults = [
                line for line in log.read().decode(errors="replace").splitlines() if '"info"' not in line
            ]
            say("\n".join(faults[-40:]))
            raise
        finally:
            server.terminate()
            server.wait(30)


class Cpu:
    """Processor seconds of PostgreSQL, of the web server and of everything else that is ours."""

    def __init__(self, web: int) -> None:
        self.web = web
        [(backend,)] = execute("SELECT pg_backend_pid()")
        self.postmaster = int(_stat(backend)[1])

    def read(self) -> dict[str, float]:
        """Return the seconds so far; processes that ended are in their parents' figures."""
        return {"web": self._tree(self.web), "postgres": self._tree(self.postmaster)}

    def _tree(self, root: int) -> float:
        total = sum(map(int, _stat(root)[11:15]))  # its own, and those of children that ended
        for process in Path("/proc").glob("[0-9]*"):
            try:
                fields = _stat(int(process.name))
            except OSError:
                continue
            if int(fields[1]) == root:
                total += sum(map(int, fields[11:15]))
        return total / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
