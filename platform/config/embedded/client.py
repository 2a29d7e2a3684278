"""Ask for the embedded servers: take a lease, start the guardian if there is none, wait for answers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.embedded import leases
from config.embedded.places import Places
from config.embedded.state import read_state, write_state

START_TIMEOUT = 180.0  # seconds; the very first start makes the data folder (2 to 4 s on two cores)


class EmbeddedError(ImproperlyConfigured):
    """Say why the embedded servers cannot run, and what to do about it."""


@dataclass(frozen=True)
class Endpoints:
    """Name the addresses of both servers; they stay valid while the calling process lives."""

    database_url: str
    redis_url: str


# For programs that only read the code: valid addresses at which nobody listens.
NOWHERE = Endpoints("postgres://rapport@127.0.0.1:1/rapport", "redis://127.0.0.1:1")

_held: dict[Path, int] = {}


def ensure(places: Places | None = None) -> Endpoints:
    """Return the addresses of the running servers, starting them if need be, and keep them for this process.

    Takes about 1 ms when they run, half a second to start them. Raises EmbeddedError.
    """
    places = places or Places.default()
    try:
        places.prepare()
        if places.var not in _held:
            _held[places.var] = leases.take(places.leases)
        with leases.locked(places.start_lock, timeout=START_TIMEOUT):
            if not leases.is_locked(places.guardian_lock):
                _spawn(places)
            state = _wait(places)
    except (OSError, TimeoutError) as error:
        raise EmbeddedError(
            f"The embedded servers cannot use {places.var}: {error}. Check who owns that folder, set "
            "RAPPORT_VAR to another one, or set DATABASE_URL and REDIS_URL."
        ) from error
    return Endpoints(state["database_url"], state["redis_url"])


def release(places: Places | None = None, wait: float = 0.0) -> None:
    """Give this process's lease back.

    With ``wait`` (seconds), return when the servers have stopped or somebody else needs them.
    """
    places = places or Places.default()
    handle = _held.pop(places.var, None)
    if handle is not None:
        os.close(handle)
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline and leases.is_locked(places.guardian_lock):
        if leases.sweep(places.leases):
            return
        time.sleep(0.05)


def _spawn(places: Places) -> None:
    _children[:] = [process for process in _children if process.poll() is None]
    state = read_state(places) | {"status": "starting"}  # the ports stay, they are used again when free
    write_state(places, state)
    if not (places.var / "postgres").exists():
        print("Preparing PostgreSQL and Redis for the first time …", file=sys.stderr, flush=True)  # noqa: T201
    path = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    handle = os.open(places.guardian_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "ab") as log:
        # -P keeps the current folder off the path; its own session keeps Ctrl-C of a terminal away.
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "config.embedded.guardian", str(places.var)],
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _children.append(process)


_children: list[subprocess.Popen[bytes]] = []  # kept, so that Python does not warn of a child still running


def _wait(places: Places) -> dict[str, Any]:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        state = read_state(places)
        if state.get("status") == "ready":
            return state
        if state.get("status") == "failed":
            raise EmbeddedError(str(state["error"]))
        for process in _children:
            if process.poll() not in (None, 0):
                end = places.guardian_log.read_text(errors="replace").splitlines()[-12:]
                raise EmbeddedError("The embedded servers did not start:\n" + "\n".join(end))
        time.sleep(0.02)
    raise EmbeddedError(
        f"The embedded servers did not start in {START_TIMEOUT:.0f} s; see {places.guardian_log}."
    )
