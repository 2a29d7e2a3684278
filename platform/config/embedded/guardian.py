"""The process that owns both servers: ``python -m config.embedded.guardian VAR``.

It starts them, brings a dead one back on the same port, and stops them when no process holds a lease any
more. When it is killed itself, the kernel tells both servers to stop in order (``die_with_parent``), and the
next guardian clears what may be left.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from config import local_secrets
from config.embedded import leases, programs
from config.embedded.account import own, private_folder, server_account
from config.embedded.places import Places
from config.embedded.postgres import Postgres
from config.embedded.redis import Redis
from config.embedded.server import free_port
from config.embedded.state import read_state, write_state

TICK = 0.25  # seconds between looks at servers and leases
LINGER = 1.0  # seconds without a lease before the servers stop: one command often follows another


class Guardian:
    """Keep PostgreSQL and Redis running for as long as somebody holds a lease."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.leaving = threading.Event()
        self.secrets = local_secrets.load(places.var)
        self.postgres, self.redis = self._servers()

    def run(self) -> None:
        """Serve until the last lease is gone or a signal comes; raise RuntimeError if a server fails."""
        try:
            self._start()
            self._say("ready")
            self._watch()
        finally:
            self.redis.stop()
            self.postgres.stop()

    def _servers(self) -> tuple[Postgres, Redis]:
        places, account = self.places, server_account(self.places.var / "postgres")
        binaries = programs.installed()
        base = places.var
        if account:
            # An account that cannot reach var/ or the environment gets its files in a private folder.
            private = f"{places.var.name}-{self.secrets.installation}"
            moved = Path("/var/lib/rapport", private, "postgres").exists()
            if moved or not account.can('cd "$1"', places.var):
                base = private_folder(private)
            if not binaries.usable_by(account):
                binaries = programs.copied(binaries, private_folder(private))
        earlier = self._earlier_ports()
        homes = {name: own(base / name, account) for name in ("postgres", "redis")}
        return (
            Postgres(
                homes["postgres"],
                places.logs / "postgres.log",
                account,
                self.secrets.postgres_password,
                free_port(earlier.get("postgres")),
                programs=binaries,
            ),
            Redis(
                homes["redis"],
                places.logs / "redis.log",
                account,
                self.secrets.redis_password,
                free_port(earlier.get("redis")),
                programs=binaries,
            ),
        )

    def _start(self) -> None:
        for server in (self.postgres, self.redis):
            server.recover()
        self.redis.start()
        self.postgres.start()
        self.postgres.wait_ready()
        self.postgres.create_database()
        try:
            self.redis.wait_ready()
        except RuntimeError:
            # Redis is a hint, never the record: with a broken file it starts empty.
            self.redis.stop()
            if not (aside := self.redis.set_broken_file_aside()):
                raise
            log(f"Redis could not read its file, which is now {aside}; starting it empty")
            self.redis.start()
            self.redis.wait_ready()

    def _watch(self) -> None:
        idle_since: float | None = None
        while not self.leaving.wait(TICK):
            for server in (self.postgres, self.redis):
                if server.revive():
                    log(f"{server.name} was gone and is started again")
                    self._say("ready")
            if leases.sweep(self.places.leases):
                idle_since = None
                continue
            idle_since = idle_since or time.monotonic()
            if time.monotonic() - idle_since < LINGER:
                continue
            # Whoever wants the servers takes a lease first and this lock second; so while we hold it, either
            # the lease is seen here or its holder waits until we are gone and starts a new guardian.
            handle = leases.try_lock(self.places.start_lock)
            if handle is not None and not leases.sweep(self.places.leases):
                return  # the lock is kept until this process ends
            if handle is not None:
                os.close(handle)

    def _earlier_ports(self) -> dict[str, int]:
        state = read_state(self.places)
        try:
            return {name: int(state[name]["port"]) for name in ("postgres", "redis")}
        except (ValueError, KeyError, TypeError):
            return {}

    def _say(self, status: str) -> None:
        write_state(
            self.places,
            {
                "status": status,
                "guardian": os.getpid(),
                "database_url": self.postgres.url,
                "redis_url": self.redis.url,
                **{
                    name: {
                        "pid": server.process.pid if server.process else None,
                        "port": server.port,
                        "folder": str(server.home),
                    }
                    for name, server in (("postgres", self.postgres), ("redis", self.redis))
                },
            },
        )


def log(message: str) -> None:
    """Write one line to the guardian's log, which is its standard output."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"{stamp} [{os.getpid()}] {message}", flush=True)  # noqa: T201


def main() -> int:
    """Run the guardian of the folder named on the command line; exit 0 when another one already serves it."""
    places = Places(Path(sys.argv[1]))
    lock = None
    for _ in range(100):  # a client that looks whether we live holds the lock for a moment
        if (lock := leases.try_lock(places.guardian_lock)) is not None:
            break
        time.sleep(0.02)
    if lock is None:
        return 0

    guardian: Guardian | None = None
    stopping = False

    def leave(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        if guardian:
            guardian.leaving.set()
        else:
            sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        guardian = Guardian(places)
        log("starting PostgreSQL and Redis")
        guardian.run()
    except Exception as error:  # everything is told to the waiting client
        log(f"failed: {error}")
        write_state(places, {"status": "failed", "error": str(error)})
        return 1
    log("stopped PostgreSQL and Redis")
    return 0


if __name__ == "__main__":
    sys.exit(main())
