"""Keep a set of processes running, and stop them in order."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from config.embedded.server import die_with_parent
from config.supervisor.output import Output
from config.supervisor.processes import Process

FIRST_PAUSE = 0.5  # seconds before the first restart; doubles with each one
LONGEST_PAUSE = 30.0
SETTLED = 30.0  # seconds after which a process counts as running again


class Supervisor:
    """Start processes, restart those that die, and stop all of them within 30 s."""

    def __init__(self, processes: Sequence[Process], folder: Path, output: Output) -> None:
        self.processes = sorted(processes, key=lambda process: process.stop_rank)
        self.folder = folder
        self.output = output
        self.leaving = asyncio.Event()
        self.running: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Start everything; return at once."""
        for process in self.processes:
            self._keepers[process.name] = asyncio.create_task(self._keep(process))

    async def stop(self) -> None:
        """Stop the processes group by group: first who makes work, last who receives it."""
        self.leaving.set()
        for _, group in groupby(self.processes, key=lambda process: process.stop_rank):
            await asyncio.gather(*(self._stop(process) for process in group))
        await asyncio.gather(*self._keepers.values())

    async def _keep(self, process: Process) -> None:
        pause = FIRST_PAUSE
        while not self.leaving.is_set():
            started = time.monotonic()
            child = await self._spawn(process)
            self.running[process.name] = child
            assert child.stdout is not None  # noqa: S101
            pump = asyncio.create_task(self.output.pump(process.name, child.stdout))
            code = await child.wait()
            _kill_group(
                child.pid
            )  # children of a process that was killed must not work on beside its successor
            await asyncio.wait([pump], timeout=2)
            pump.cancel()
            if self.leaving.is_set():
                return
            if time.monotonic() - started > SETTLED:
                pause = FIRST_PAUSE
            self.output.line(
                "up", f"{process.name} ended ({_reason(code)}); starting it again in {pause:g} s"
            )
            try:
                await asyncio.wait_for(self.leaving.wait(), pause)
            except TimeoutError:
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _spawn(self, process: Process) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *process.argv,
            cwd=self.folder,
            env={**os.environ, **process.environment, "RAPPORT_PROCESS": process.name},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop the others in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )

    async def _stop(self, process: Process) -> None:
        keeper = self._keepers.get(process.name)
        child = self.running.get(process.name)
        if child is None or keeper is None or child.returncode is not None:
            return
        _send(child, signal.SIGTERM)
        done, _ = await asyncio.wait([keeper], timeout=process.patience)
        if not done:
            self.output.line("up", f"{process.name} did not stop in {process.patience:g} s and is killed")
            _kill_group(child.pid)
            await asyncio.wait([keeper], timeout=3)


def _send(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        child.send_signal(number)
    except ProcessLookupError:
        return


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _reason(code: int) -> str:
    return f"code {code}" if code >= 0 else signal.Signals(-code).name
