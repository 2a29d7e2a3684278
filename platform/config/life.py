"""Each worker's own sign of life: which queues it reads, and that it still does.

The canary of config.tasks proves that beat, broker, *a* worker and the database work together; this says
which workers there are, so that the one that stopped can be named.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from celery.signals import worker_ready, worker_shutting_down
from django.db import Error, connection

from core.clock import now
from core.models import Heartbeat

log = structlog.get_logger(__name__)

PREFIX = "worker:"
EVERY = 10  # seconds
#: After so many seconds without a sign a worker is taken for dead.
SILENT = 35
#: Who has been away for longer is not coming back: a container with another name took the place.
FORGOTTEN = timedelta(days=1)

_stopped = threading.Event()


def show(name: str, queues: Sequence[str], slots: int, *, stopped: bool = False) -> None:
    """Write one worker's sign of life, and forget who has been away for a day. Two statements."""
    at = now()
    details = {"queues": sorted(queues), "slots": slots, "stopped": stopped}
    Heartbeat.objects.update_or_create(name=f"{PREFIX}{name}"[:100], defaults={"at": at, "details": details})
    Heartbeat.objects.filter(name__startswith=PREFIX, at__lt=at - FORGOTTEN).delete()


def _go_on(name: str, queues: Sequence[str], slots: int) -> None:
    """Show life until the worker stops; a database that is away for a while does no harm."""
    while True:
        over = _stopped.wait(0)
        try:
            show(name, queues, slots, stopped=over)
        except Error:
            log.warning("no_sign_of_life")
        finally:
            connection.close()
        if over:
            return
        _stopped.wait(EVERY)


@worker_ready.connect
def _begin(sender: Any = None, **kwargs: Any) -> None:
    """Begin to show life when the worker begins to take work."""
    worker = sender.controller
    queues = [queue.name for queue in sender.task_consumer.queues]
    slots = getattr(worker, "concurrency", None) or 1
    threading.Thread(target=_go_on, args=(worker.hostname, queues, slots), daemon=True, name="life").start()


@worker_shutting_down.connect
def _end(**kwargs: Any) -> None:
    """Say so when it stops in an orderly way; who is killed just falls silent."""
    _stopped.set()
