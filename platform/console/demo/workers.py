"""Real workers and the mail sink for as long as the demo needs them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError

from console.demo.ticker import Ticker

ROOT = Path(__file__).resolve().parents[3]
_START_SECONDS = 60
_STOP_SECONDS = 40


@contextmanager
def running(log: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Run the workers and the mail sink as `manage.py up` does, and stop them at the end.

    Their output goes to a file that is named when they do not start. An installation that runs already
    is used as it is.
    """
    if _is_up():
        yield
        return
    say("Starting the workers …")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own command
            [sys.executable, str(ROOT / "manage.py"), "up", "--only", "workers,mail", "--leash"],
            cwd=ROOT,
            stdin=subprocess.PIPE,  # it ends with us, however we end
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(process, log, Ticker(say))
        yield
    finally:
        say("Stopping the workers …")
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _state() -> dict[str, object]:
    try:
        found = json.loads((settings.VAR / "run" / "up.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_up() -> bool:
    state = _state()
    try:
        os.kill(int(str(state["pid"])), 0)
    except (KeyError, ValueError, OSError):
        return False
    return state.get("status") == "ready"


def _wait(process: "subprocess.Popen[bytes]", log: Path, ticker: Ticker) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise CommandError(f"The workers stopped while starting; the reason is in {log}.")
        if _is_up():
            return
        ticker("workers and mail sink are starting")
        time.sleep(0.2)
    raise CommandError(f"The workers did not start within {_START_SECONDS} s; see {log}.")
