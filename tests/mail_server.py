"""A real mail server for tests, on a port that the system gives it: nobody can take it before."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller

from tests.patience import PATIENCE


class AnyPort(Controller):
    """A server that learns its port from its socket."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(handler: Any, settings: Any, **options: Any) -> Iterator[Controller]:
    """Run a server with a handler, and let the settings name it."""
    controller = AnyPort(handler, hostname="127.0.0.1", port=0, ready_timeout=PATIENCE, **options)
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    try:
        yield controller
    finally:
        controller.stop()
