"""The embedded Redis: Celery's broker, the cache and rate limits; may be lost without losing work."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path
from typing import Any, ClassVar

from config.embedded.programs import Programs
from config.embedded.server import Server

DATABASES = 64  # one per test process, beside broker and cache

SETTINGS = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "databases": str(DATABASES),
    "save": '""',
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",  # evicting would drop queued tasks
    "tcp-keepalive": "60",
    "daemonize": "no",
}


class Redis(Server):
    """Run Redis on a folder of its own, with a password, on loopback only."""

    name: ClassVar[str] = "Redis"
    program: ClassVar[str] = "redis-server"
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGTERM, signal.SIGKILL)

    def __init__(self, *args: Any, programs: Programs, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.programs = programs

    @property
    def url(self) -> str:
        """Return the address as ``REDIS_URL``, without a database number."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Return the command line; ``-`` reads the configuration, and with it the password, from stdin."""
        return [str(self.programs.redis), "-"]

    def stdin(self) -> bytes:
        """Return the configuration."""
        lines = [f"{name} {value}" for name, value in SETTINGS.items()]
        lines += [f"port {self.port}", f"requirepass {self.password}"]
        return "\n".join(lines).encode()

    def answers(self) -> bool:
        """Say whether Redis has loaded its file and answers (two inline commands of its protocol)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(4096), b""))
        except OSError:
            return False
        if b"WRONGPASS" in answer or b"-ERR" in answer:
            raise RuntimeError(f"Port {self.port} is answered by another Redis.")
        return b"+PONG" in answer

    def set_broken_file_aside(self) -> Path | None:
        """Rename a log file that Redis cannot read, so that it starts empty; return its new name."""
        found = self.home / "appendonly.aof"
        if not found.exists():
            return None
        return found.rename(found.with_suffix(f".broken-{int(time.time())}"))
