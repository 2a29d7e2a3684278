"""The embedded PostgreSQL 18."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, ClassVar

import psycopg2

from config.embedded.programs import Programs
from config.embedded.server import Server

USER = "rapport"
DATABASE = "rapport"
SMALL_SHM = 512 * 1024 * 1024

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path is limited to 107 bytes; a checkout's is not
    "max_connections": "120",  # web threads, workers and one connection per test process
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    # What the workers of a large count share; made anew for each, its pages cost a third of the count.
    "min_dynamic_shared_memory": "128MB",
    "work_mem": "32MB",  # profiles group 1.5 million events; less spills to disk
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",  # an import writes 1 GB of WAL; checkpoints in the midst of it halve its speed
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",  # no replica, and COPY into a new table skips the WAL
    "max_wal_senders": "0",
    "wal_compression": "on",
    "jit": "off",  # compiles for longer than our queries run
    "random_page_cost": "1.1",  # solid-state disks
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "-1",
    "log_statement": "none",
    "log_parameter_max_length_on_error": "0",  # parameters are personal data
    "log_min_error_statement": "panic",  # so are the statements of failed inserts
    "log_error_verbosity": "terse",  # and the DETAIL line that quotes the row
}


class Postgres(Server):
    """Run PostgreSQL on a data folder of its own, password by scram-sha-256, TCP on loopback only."""

    name: ClassVar[str] = "PostgreSQL"
    program: ClassVar[str] = "postgres"
    # SIGINT is PostgreSQL's fast shutdown, with a checkpoint; after SIGQUIT it recovers at the next start.
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

    def __init__(self, *args: Any, programs: Programs, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.programs = programs

    @property
    def folder(self) -> Path:
        """Return the data folder, where the server changes into."""
        return self.home / "data"

    @property
    def url(self) -> str:
        """Return the address as ``DATABASE_URL``."""
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def command(self) -> list[str]:
        """Return the server's command line."""
        settings = SETTINGS | {"port": str(self.port), "dynamic_shared_memory_type": shared_memory()}
        return [
            str(self.programs.postgres),
            "-D",
            str(self.folder),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ]

    def prepare(self) -> None:
        """Make the data folder on first use; drop the pid file of a server that no longer runs."""
        if not (self.folder / "PG_VERSION").exists():
            self._initdb()
        # No server runs on the folder here (see recover). PostgreSQL itself would refuse to start when the
        # number in the file belongs to some other process by now.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def answers(self) -> bool:
        """Say whether a client can sign in; raise RuntimeError when the password is another's."""
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError as error:
            if "authentication failed" in str(error):
                raise RuntimeError(
                    f"The PostgreSQL data in {self.home} have another password than "
                    "var/secrets.json. Restore that file, or remove the folder (and its data) to begin anew."
                ) from error
            return False
        return True

    def create_database(self) -> None:
        """Create our database unless it exists."""
        connection = self._connect("postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if not cursor.fetchone():
                    cursor.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            connection.close()

    def _connect(self, database: str) -> Any:
        return psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            connect_timeout=10,
        )

    def _initdb(self) -> None:
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        word = self.home / ".password"
        handle = os.open(word, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(self.password)
        if self.account:
            os.chown(word, self.account.uid, self.account.gid)
        # The built-in provider gives UTF-8 case rules without the system's locales or ICU.
        done = subprocess.run(  # noqa: S603
            [
                str(self.programs.initdb),
                *("-D", str(unfinished), "-U", USER, f"--pwfile={word}", "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **{**self.options(), "cwd": self.home},
        )
        word.unlink(missing_ok=True)
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout.decode(errors='replace')}")
        unfinished.rename(self.folder)


def shared_memory() -> str:
    """Return the kind of memory for parallel queries: files where ``/dev/shm`` is small (containers)."""
    try:
        found = os.statvfs("/dev/shm")  # noqa: S108
    except OSError:
        return "mmap" if os.name == "posix" and Path("/proc").exists() else "posix"
    return "posix" if found.f_bavail * found.f_frsize >= SMALL_SHM else "mmap"
