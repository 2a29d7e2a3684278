"""What a worker process needs of the code, told by its command line.

A worker that reads the queue *delivery* sends mail: it needs neither the admin's pages nor the tasks
that train models, which take more memory than all the rest (scikit-learn, scipy.stats, lightgbm).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.apps import apps
from django.conf import settings

from core import processors

#: What libraries that compute in threads read when they are loaded: OpenMP (implicit, LightGBM,
#: scikit-learn), OpenBLAS and Polars.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")
#: What `nice` takes where the kernel knows no idle class: a page gets nine tenths of a shared processor.
TRAINING_NICENESS = 10


def is_worker(argv: Sequence[str]) -> bool:
    """Say whether a command line is that of `celery … worker` or `celery … beat`: it serves no pages."""
    program = Path(argv[0]) if argv else Path()
    called = program.name == "celery" or program.parts[-2:] == ("celery", "__main__.py")
    return called and any(word in ("worker", "beat") for word in argv)


def queues_of(argv: Sequence[str]) -> set[str]:
    """Return the queues named by `-Q` or `--queues`; none means all."""
    found: set[str] = set()
    for i, word in enumerate(argv):
        if word in ("-Q", "--queues") and i + 1 < len(argv):
            found.update(argv[i + 1].split(","))
        elif word.startswith("--queues="):
            found.update(word.partition("=")[2].split(","))
        elif word.startswith("-Q") and word != "-Q":
            found.update(word[2:].split(","))
    return found


def packages_of_tasks(argv: Sequence[str]) -> Iterable[str]:
    """Return the apps whose tasks are to be registered: those routed to the worker's queues, or all.

    A task without a route goes to the default queue.
    """
    names = [config.name for config in apps.get_app_configs()]
    queues = queues_of(argv) if is_worker(argv) else set()
    if not queues:
        return names
    routes: dict[str, set[str]] = {}
    for pattern, route in settings.CELERY_TASK_ROUTES.items():
        routes.setdefault(pattern.partition(".tasks.")[0], set()).add(route["queue"])
    return [name for name in names if routes.get(name, {settings.CELERY_TASK_DEFAULT_QUEUE}) & queues]


def fewer_threads() -> dict[str, str]:
    """Return the environment in which libraries leave one processor to pages, calls and mails.

    A training on all of them gives way at once (`step_back`), but what comes next finds every processor's
    caches full of its figures: the slowest hundredth of calls took half as long again. What is set already
    stays. It counts for libraries that are loaded later.
    """
    return {name: os.environ.get(name, str(processors.for_background())) for name in THREADS}


def step_back() -> None:
    """Let this process take only what pages and mails leave of the processors, from here on.

    In Linux's idle class (sched(7)) a training gives way the moment a page wants the processor; by niceness
    alone it would first finish its turn of some milliseconds, and the slowest calls would wait for that.
    """
    os.nice(TRAINING_NICENESS)
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
