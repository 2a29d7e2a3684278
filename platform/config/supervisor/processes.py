"""What ``manage.py up`` runs, with the command lines that containers use too."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

CELERY = (sys.executable, "-m", "celery", "-A", "config.celery", "--quiet")
WORKERS = {  # name: (queues, processes, options)
    "worker": ("default,ingest", 2, ()),
    "delivery": ("delivery", 2, ()),
    "training": ("training", 1, ("--soft-time-limit", "3540", "--time-limit", "3600")),
}
KINDS = ("web", "workers", "beat", "mail")


@dataclass(frozen=True)
class Process:
    """Describe one process; a lower ``stop_rank`` stops first, and each has ``patience`` seconds to do so."""

    name: str
    argv: Sequence[str]
    stop_rank: int
    patience: float
    environment: dict[str, str] = field(default_factory=dict)


def web(host: str, port: int) -> Process:
    """Return the web server on ``host:port``."""
    argv = (sys.executable, "-m", "gunicorn", "-c", "python:config.web_server", "-b", f"{host}:{port}")
    return Process("web", (*argv, "config.wsgi:application"), stop_rank=1, patience=22)


def workers() -> Iterable[Process]:
    """Yield one worker per group of queues."""
    for name, (queues, processes, options) in WORKERS.items():
        argv = (*CELERY, "worker", "-Q", queues, "-c", str(processes), "-n", f"{name}@%h", *QUIET, *options)
        # Celery's SIGTERM waits for running tasks for ever; SIGQUIT waits for the soft shutdown's 20 s.
        yield Process(name, argv, stop_rank=1, patience=22, environment={"REMAP_SIGTERM": "SIGQUIT"})


QUIET = ("--without-gossip", "--without-mingle")  # workers need not know each other; PostgreSQL coordinates


def beat() -> Process:
    """Return the process that sends what is due; it keeps no file."""
    return Process("beat", (*CELERY, "beat", "--pidfile="), stop_rank=0, patience=3)


def mail(manage: str, port: int) -> Process:
    """Return the SMTP sink whose mail is read under *Mailbox*."""
    return Process("mail", (sys.executable, manage, "mailsink", "--port", str(port)), stop_rank=2, patience=2)
