"""Run the built-in SMTP sink until it is stopped."""

import asyncio
import logging
import signal
from argparse import ArgumentParser
from typing import Any

from aiosmtpd.smtp import SMTP
from django.core.management.base import BaseCommand, CommandError

from delivery.sink import LARGEST_MAIL, Handler, Storage


class Command(BaseCommand):
    help = "Take mail over SMTP and store it for the mailbox, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Where to listen (127.0.0.1).")
        parser.add_argument("--port", type=int, default=2525, help="Port; 0 takes a free one (2525).")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # else aiosmtpd tells of every SMTP line
        try:
            asyncio.run(self._serve(host, port))
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}. Try --port 0.") from error

    async def _serve(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stopped.set)
        storage = Storage()
        handler = Handler(storage)

        def session() -> SMTP:
            return SMTP(handler, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, loop=loop)

        server = await loop.create_server(session, host, port)
        where = server.sockets[0].getsockname()
        self.stdout.write(f"Mail sink listening on {where[0]}:{where[1]}")
        self.stdout.flush()
        await stopped.wait()
        server.close()
        await storage.drain()
        await loop.run_in_executor(None, storage.close)
