"""Run programs against servers of their own: nothing here touches the servers the test session uses."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from config.embedded.places import ROOT
from tests.patience import PATIENCE, until

HIDDEN = {"DATABASE_URL", "REDIS_URL", "PYTEST_XDIST_WORKER", "DJANGO_SETTINGS_MODULE", "RAPPORT_PROCESS"}


def environment(var: Path, **more: str) -> dict[str, str]:
    """Return an environment in which a program keeps everything in ``var``."""
    kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    path = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    return {**kept, "RAPPORT_VAR": str(var), "PYTHONPATH": path, **more}


def processes_of(var: Path) -> list[psutil.Process]:
    """Return the guardian and the servers that work in ``var``, wherever their files are."""
    found = []
    state = state_of(var)
    folders = {state.get(name, {}).get("folder", "-") for name in ("postgres", "redis")}
    for process in psutil.process_iter(["cmdline", "status", "name"]):
        line = process.info["cmdline"] or []
        if process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        try:
            home = process.cwd() if process.info["name"] in {"postgres", "redis-server"} else ""
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if ("config.embedded.guardian" in line and str(var) in line) or any(
            home == folder or home == f"{folder}/data" for folder in folders
        ):
            found.append(process)
    return found


def state_of(var: Path) -> dict:
    """Return what the guardian wrote."""
    try:
        return json.loads((var / "run" / "state.json").read_text())
    except (OSError, ValueError):
        return {}


HOLDER = """
import sys
from config.embedded import ensure
found = ensure()
print(found.database_url, found.redis_url, flush=True)
sys.stdin.readline()
"""


class Holder:
    """A program that asks for the servers and keeps them until told to go."""

    def __init__(self, var: Path, python: str = sys.executable, **options) -> None:
        self.var = var
        self.process = subprocess.Popen(
            [python, "-c", HOLDER],
            env=environment(var) | options.pop("env", {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            **options,
        )

    def urls(self) -> tuple[str, str]:
        """Wait for the servers and return their addresses."""
        line = self.process.stdout.readline().split()
        if len(line) != 2:
            pytest.fail(f"no servers: {self.process.stderr.read()}")
        return line[0], line[1]

    def kill(self) -> None:
        """Kill the program without a word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def leave(self) -> int:
        """Let the program end by itself."""
        self.process.stdin.close()
        return self.process.wait(timeout=PATIENCE)


@pytest.fixture
def holders():
    """Make holders that are gone after the test, with all their servers."""
    made: list[Holder] = []

    def make(var: Path, **options) -> Holder:
        made.append(Holder(var, **options))
        return made[-1]

    yield make
    for holder in made:
        if holder.process.poll() is None:
            holder.kill()
        for stream in (holder.process.stdin, holder.process.stdout, holder.process.stderr):
            stream.close()
    for var in {holder.var for holder in made}:
        until(lambda var=var: not processes_of(var), f"the end of the servers of {var}")
