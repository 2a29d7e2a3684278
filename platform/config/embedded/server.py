"""What the guardian does alike with PostgreSQL and with Redis."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import psutil

from config.embedded.account import Account

LOG_LIMIT = 20 * 1024 * 1024  # bytes; a longer log is begun anew at the next start
SLOWEST_RESTART = 5.0  # seconds between attempts to bring a server back
PR_SET_PDEATHSIG = 1


def free_port(preferred: int | None = None) -> int:
    """Return a free TCP port on loopback, the preferred one when nobody has it."""
    for port in (preferred or 0, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("No free TCP port on 127.0.0.1")


def die_with_parent(number: int) -> Callable[[], None] | None:
    """Return what a child runs before ``exec`` to get signal ``number`` when its parent dies (Linux only).

    Elsewhere the next guardian finds and stops the orphans.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the call above
            os._exit(1)

    return prepare


class Server:
    """Run one server as a child: start, watch, restart on the same port, stop."""

    name: ClassVar[str]
    program: ClassVar[str]
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGTERM, signal.SIGKILL)

    def __init__(self, home: Path, log: Path, account: Account | None, password: str, port: int) -> None:
        self.home = home
        self.log = log
        self.account = account
        self.password = password
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._not_before = 0.0

    def command(self) -> list[str]:
        """Return the program and its arguments; secrets never stand among them."""
        raise NotImplementedError

    def stdin(self) -> bytes:
        """Return what the server reads from its standard input."""
        return b""

    @property
    def folder(self) -> Path:
        """Return the working folder, by which an orphan is recognised."""
        return self.home

    def prepare(self) -> None:
        """Make the data folder ready, whatever an unclean stop left there."""

    def answers(self) -> bool:
        """Say whether the server accepts a client with our password."""
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """Return the arguments of ``Popen`` for a child that runs under the server's account."""
        return {
            "cwd": self.folder,
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            "start_new_session": True,
            "umask": 0o077,
            **(self.account.popen_options() if self.account else {}),
        }

    def start(self) -> None:
        """Start the server; return at once."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.unlink()
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.command(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(self.stop_signals[0]),
                **self.options(),
            )
        assert self.process.stdin is not None  # noqa: S101
        try:
            self.process.stdin.write(self.stdin())
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it died at once; the caller sees that

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Return when clients are answered; raise RuntimeError with the log's end when the server dies."""
        deadline = time.monotonic() + timeout
        while not self.answers():
            code = self.process.poll() if self.process else None
            if code is not None or time.monotonic() > deadline:
                what = (
                    f"stopped with code {code}" if code is not None else f"did not answer in {timeout:.0f} s"
                )
                raise RuntimeError(f"{self.name} {what}; the end of {self.log}:\n{self.log_end()}")
            time.sleep(0.03)

    def revive(self) -> bool:
        """Start the server again if it died, after a pause that grows with failures; say whether it did."""
        if self.process and self.process.poll() is None:
            if self._failures and time.monotonic() > self._not_before + SLOWEST_RESTART:
                self._failures = 0
            return False
        if time.monotonic() < self._not_before:
            return False
        self.recover()
        self.start()
        self._failures += 1
        self._not_before = time.monotonic() + min(0.1 * 2**self._failures, SLOWEST_RESTART)
        return True

    def stop(self, timeout: float = 20.0) -> None:
        """Stop the server in order; less and less politely when it does not go."""
        for number in self.stop_signals:
            if not self.process or self.process.poll() is not None:
                return
            self.process.send_signal(number)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                timeout = 5.0

    def recover(self) -> None:
        """Stop what an earlier guardian left running on our folder, then make the folder ready."""
        for number in (*self.stop_signals, signal.SIGKILL):
            orphans = self._orphans()
            if not orphans:
                break
            for process in orphans:
                try:
                    process.send_signal(number)
                except psutil.NoSuchProcess:
                    continue
            psutil.wait_procs(orphans, timeout=10)
        self.prepare()

    def log_end(self, lines: int = 12) -> str:
        """Return the last lines of the log."""
        return (
            "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""
        )

    def _orphans(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["name"]):
            if process.info["name"] != self.program:
                continue
            try:
                if Path(process.cwd()) == self.folder.resolve() and process.pid != os.getpid():
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found
