"""gunicorn's settings: ``gunicorn -c python:config.web_server config.wsgi:application``."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

from config import logs

# A model that answers one person multiplies small matrices; threads of its own would only get in the way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
preload_app = True  # imports once, and the workers share that memory
timeout = 60
graceful_timeout = 20  # seconds for running requests after SIGTERM
keepalive = 5
max_requests = 5000  # a leak somewhere below us ends here
max_requests_jitter = 500
control_socket_disable = True  # it would be made in the home folder; signals do all we need
# The workers' sign of life is a file; on a disk that is busy it would come late.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
logconfig_dict = logs.configure(os.environ.get("RAPPORT_LOG_LEVEL", "INFO"))


def when_ready(server: Any) -> None:
    """Let the garbage collector leave alone what was imported, just before the workers are made.

    It would walk through all of it, and so copy the pages that workers share, every few requests: a body
    of a thousand events makes ten thousand objects. Measured: 10 of 27 ms of such a call.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 20)


def post_fork(server: Any, worker: Any) -> None:
    """Let a thread whose answer from PostgreSQL has come wait half a millisecond for its turn, not five.

    Python hands the interpreter over every 5 ms; a call asks five things, and a neighbour that computes
    would hold it up as often.
    """
    sys.setswitchinterval(0.0005)
