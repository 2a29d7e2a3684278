"""Processes killed with SIGKILL at a chosen point, and rivals who do the same at the same time."""

import os
import pickle
import pkgutil
import signal
import threading
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from multiprocessing import forkserver, get_context
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connection, connections

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
#: What a process that dies imports before it is needed.
PRELOADED = "tests.campaigns.dying_afresh"


def killed_at(point, act, *, before=False):
    """Do it in a process of its own and kill that when it is at a point: behind a call, or before it."""
    connections.close_all()
    reached, tell = os.pipe()
    child = os.fork()
    if child == 0:  # never comes back: killed below, or out by _exit
        try:
            stop_there(point, act, lambda: os.write(tell, b"!"), before=before)
        finally:
            os._exit(1)
    os.close(tell)
    try:
        assert os.read(reached, 1) == b"!", f"the beat never came to {point}"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reached)


def killed_afresh(point: str, act: Callable[[], Any], *, before: bool = False) -> None:
    """Do as killed_at, in a process that comes from a fresh one: for what counts with threads (polars).

    A fork of this process would lack the threads that it has begun. `act` is pickled.
    """
    context = _fresh()
    here, there = context.Pipe(duplex=False)
    database = {key: connection.settings_dict[key] for key in ("HOST", "PORT", "NAME", "USER", "PASSWORD")}
    process = context.Process(target=_run, args=(point, pickle.dumps(act), there, before, database))
    process.start()
    there.close()
    try:
        assert here.poll(PATIENCE), f"the beat never came to {point}"
        assert here.recv() == "there"
    finally:
        process.kill()
        process.join()
        here.close()


def stop_there(point: str, act: Callable[[], Any], tell: Callable[[], Any], *, before: bool) -> None:
    """Do it, tell when it is at the point, and stay there."""
    real = pkgutil.resolve_name(point)

    def stop(*args: Any, **kwargs: Any) -> Any:
        answer = None if before else real(*args, **kwargs)
        tell()
        time.sleep(600)
        return answer

    with mock.patch(point, stop):
        act()


def _run(point: str, act: bytes, told: Any, before: bool, database: dict[str, Any]) -> None:
    import_module(PRELOADED)  # there already, if the server began with us
    connection.settings_dict |= database
    stop_there(point, pickle.loads(act), lambda: told.send("there"), before=before)


@cache
def _fresh() -> Any:
    """Return a context whose processes are forked off one that has loaded everything and begun nothing."""
    context = get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    db = connection.settings_dict
    with mock.patch.dict(
        os.environ,
        DATABASE_URL=f"postgres://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}",
        REDIS_URL=settings.CELERY_BROKER_URL,
        DJANGO_SETTINGS_MODULE="config.settings.test",
        PYTHONPATH=f"{ROOT}:{ROOT / 'platform'}",
    ):
        forkserver.ensure_running()
    return context


def by_rivals(act, count=3):
    """Let several do it at the same time; return what each says, sorted."""
    barrier, said = threading.Barrier(count), []

    def rival():
        barrier.wait()
        said.append(act())
        connection.close()

    threads = [threading.Thread(target=rival) for _ in range(count)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return sorted(said)
