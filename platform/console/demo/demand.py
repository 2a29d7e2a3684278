"""The forecast of demand: the longest of a night's work. It needs sales alone, so it runs beside the rest."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError

from console.demo import story
from console.demo.steps import Say
from console.demo.ticker import Ticker
from recommendations.models import DemandRun

ROOT = Path(__file__).resolve().parents[3]
_POLL_SECONDS = 0.5
_NICENESS = 10


class Forecasting:
    """A forecast in a process of its own, or one that was made before."""

    def __init__(self, process: "subprocess.Popen[bytes] | None", log: Path) -> None:
        self._process, self._log = process, log

    def wait(self, say: Say) -> None:
        """Wait for its end, telling so. Raises CommandError that names the log."""
        ticker = Ticker(say)
        while self._process is not None and self._process.poll() is None:
            ticker("Forecast the demand: working since the import")
            time.sleep(_POLL_SECONDS)
        if self._process is not None and self._process.returncode:
            raise CommandError(f"The demand could not be forecast; the reason is in {self._log}.")

    def stop(self) -> None:
        """End it with whoever waited for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


@contextmanager
def forecasting(since: datetime) -> Iterator[Forecasting]:
    """Run `manage.py forecast_demand` as of the shop's present, once after the data of `since`."""
    log = Path(settings.VAR) / "log" / "demand.log"
    known = DemandRun.objects.filter(as_of=story.PRESENT, created_at__gte=since).exists()
    begun = Forecasting(None if known else _begun(log), log)
    try:
        yield begun
    finally:
        begun.stop()


def _begun(log: Path) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, str(ROOT / "manage.py"), "forecast_demand", "--as-of", story.PRESENT.isoformat(),
    ]  # fmt: skip
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603  our own command
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.nice(_NICENESS),
        )
