"""Run the whole product in one terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, get_commands

from config import embedded, logs
from config.embedded.places import ROOT
from config.supervisor.handover import point_demo_at, write_private
from config.supervisor.output import Output
from config.supervisor.processes import KINDS, Process, beat, mail, web, workers
from config.supervisor.supervisor import Supervisor
from core.tables import ensure_tables

MAIL_PORT = 2525
PORTS_TRIED = 100
WATCH = 2.0  # seconds between looks at the guardian of the embedded servers


class Command(BaseCommand):
    """Supervise web server, workers, beat and the SMTP sink; see the module."""

    help = "Run web server, workers, beat and mail sink together until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the options."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
        parser.add_argument(
            "--port", type=int, default=8000, help="port of the web server; the next free one if taken"
        )
        parser.add_argument(
            "--only", default=",".join(KINDS), help="parts to run, of %(default)s; separated by commas"
        )

        parser.add_argument(
            "--leash", action="store_true", help="stop when standard input ends, as when its writer dies"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGINT or SIGTERM."""
        kinds = [kind for kind in options["only"].split(",") if kind]
        if unknown := set(kinds) - set(KINDS):
            raise CommandError(
                f"There is no part called {', '.join(sorted(unknown))}; use {', '.join(KINDS)}."
            )
        if not 1 <= options["port"] <= 65_535:
            raise CommandError("--port must be between 1 and 65535.")
        ensure_tables()
        host, port = options["host"], options["port"]
        self.wanted = port
        if "web" in kinds:
            port = free_port(host, port)
        mail_port = free_port("127.0.0.1", MAIL_PORT) if "mail" in kinds else 0
        shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104
        self.url = f"http://{shown}:{port}"
        self._environment(mail_port)
        form = logs.log_form()
        self.output = Output(form, colors=form == "console" and sys.stdout.isatty())
        processes = list(self._processes(kinds, host, port, mail_port))
        content = {
            "pid": os.getpid(),
            "url": self.url if "web" in kinds else None,
            "smtp_port": mail_port or None,
        }
        self.state = {**content, "status": "starting", "processes": [process.name for process in processes]}
        self.state_file = settings.VAR / "run" / "up.json"
        self.state_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.leash = options["leash"]
        asyncio.run(self._run(processes, "web" in kinds, shown, port))
        if getattr(settings, "EMBEDDED", False):
            self.output.line("up", "stopping PostgreSQL and Redis")
            embedded.release(wait=25)

    def _environment(self, mail_port: int) -> None:
        """Tell the children what we know; all of it has a setting of the same name."""
        os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
        os.environ["RAPPORT_LOG"] = logs.log_form()
        os.environ["DATABASE_URL"] = settings.DATABASE_URL
        os.environ["REDIS_URL"] = settings.REDIS_URL
        os.environ.setdefault("PUBLIC_URL", self.url)
        if mail_port:
            os.environ["RAPPORT_SMTP_PORT"] = str(mail_port)
        if sys.stdout.isatty():
            os.environ["RAPPORT_LOG_COLORS"] = "1"

    def _processes(self, kinds: list[str], host: str, port: int, mail_port: int) -> list[Process]:
        found: list[Process] = []
        if "mail" in kinds:
            if "mailsink" in get_commands():
                found.append(mail(str(ROOT / "manage.py"), mail_port))
            else:
                self.output.line("up", "there is no command mailsink; mail is not received")
        if "web" in kinds:
            found.append(web(host, port))
        if "workers" in kinds:
            found.extend(workers())
        if "beat" in kinds:
            found.append(beat())
        return found

    async def _run(self, processes: list[Process], with_web: bool, host: str, port: int) -> None:
        supervisor = Supervisor(processes, ROOT, self.output)
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, asked.set)
        if self.leash:
            loop.add_reader(sys.stdin.fileno(), asked.set)
        write_private(self.state_file, self.state)
        supervisor.start()
        self.output.line("up", f"starting {', '.join(process.name for process in processes)}")
        if with_web and port != self.wanted:
            self.output.line("up", f"port {self.wanted} is taken; the web server listens on {port}")
        watchers = [asyncio.create_task(self._announce(with_web, host, port))]
        if getattr(settings, "EMBEDDED", False):
            watchers.append(asyncio.create_task(self._keep_servers()))
        await asked.wait()
        if self.leash:
            loop.remove_reader(sys.stdin.fileno())
        self.output.line("up", "stopping")
        for watcher in watchers:
            watcher.cancel()
        await supervisor.stop()
        self.state_file.unlink(missing_ok=True)

    async def _announce(self, with_web: bool, host: str, port: int) -> None:
        """Say where the product is as soon as it answers."""
        while with_web and not await answers(host, port):
            await asyncio.sleep(0.2)
        if with_web:
            point_demo_at(settings.VAR / "demo.json", self.url)
            self.output.line("up", f"Rapport is at {self.url}/ (Ctrl-C stops it)")
        write_private(self.state_file, self.state | {"status": "ready"})

    async def _keep_servers(self) -> None:
        """Start the guardian again if somebody killed it; the addresses stay."""
        while True:
            await asyncio.sleep(WATCH)
            try:
                found = await asyncio.to_thread(embedded.ensure)
            except embedded.EmbeddedError as error:
                self.output.line("up", str(error))
                continue
            if found.database_url != settings.DATABASE_URL or found.redis_url != settings.REDIS_URL:
                self.output.line("up", "the embedded servers had to move to other ports; please start again")


def free_port(host: str, wanted: int) -> int:
    """Return ``wanted`` or the next port above it that nobody listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                last = error
                continue
            return port
    raise CommandError(f"No free port from {wanted} on at {host} ({last}); choose another one with --port.")


async def answers(host: str, port: int) -> bool:
    """Say whether ``/healthz`` answers 200."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 2)
        try:
            writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
            await writer.drain()
            line = await asyncio.wait_for(reader.readline(), 5)
        finally:
            writer.close()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in line
