"""gunicorn's settings: ``gunicorn -c python:config.web_server config.wsgi:application``."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

from django.db import connections
from django.urls import reverse

from config import logs

# A model that answers one person multiplies small matrices; threads of its own would only get in the way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

worker_class = "config.web_worker.EvenWorker"
workers = int(os.environ.get("WEB_WORKERS", "4"))
threads = int(os.environ.get("WEB_THREADS", "2"))
preload_app = True  # imports once, and the workers share that memory
timeout = 60
graceful_timeout = 20  # seconds for running requests after SIGTERM
keepalive = 5
# A leak somewhere below us ends here. At 200 calls a second that is every eight minutes; a new worker begins
# with nothing: no model, no plans, no connections.
max_requests = 50_000
max_requests_jitter = 5_000
control_socket_disable = True  # it would be made in the home folder; signals do all we need
# The workers' sign of life is a file; on a disk that is busy it would come late.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
logconfig_dict = logs.configure(os.environ.get("RAPPORT_LOG_LEVEL", "INFO"))


def when_ready(server: Any) -> None:
    """Let the garbage collector leave alone what was imported, just before the workers are made.

    It would walk through all of it, and so copy the pages that workers share, every few requests: a body
    of a thousand events makes ten thousand objects. Measured: 10 of 27 ms of such a call. What is young is
    looked through often, a millisecond at a time: let grow to fifty thousand objects it was 25 to 60 ms,
    in which nobody was answered.
    """
    reverse("admin:index")  # imports the addresses with all their views; else each worker's first call would
    connections.close_all()  # nobody inherits a connection, should an import have asked something
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 50)


def post_fork(server: Any, worker: Any) -> None:
    """Let a thread whose answer from PostgreSQL has come wait half a millisecond for its turn, not five.

    Python hands the interpreter over every 5 ms; a call asks five things, and a neighbour that computes
    would hold it up as often.
    """
    sys.setswitchinterval(0.0005)


def child_exit(server: Any, worker: Any) -> None:
    """Let no worker give way to one that has ended."""
    worker.leave()
