"""A training gives way to everything else."""

import os
import subprocess
import sys

import pytest

from config.workers import THREADS, TRAINING_NICENESS
from core import processors

SAYS = (
    "import os; from config.workers import step_back; step_back();"
    "idle = hasattr(os, 'SCHED_IDLE');"
    "print(os.nice(0), os.sched_getscheduler(0) == os.SCHED_IDLE if idle else 'none')"
)


def test_a_process_that_steps_back_is_nice_and_of_the_idle_class_where_there_is_one():
    nice = os.nice(0)
    said = subprocess.run(
        [sys.executable, "-c", SAYS],
        env=os.environ | {"PYTHONPATH": "platform"},
        capture_output=True,
        text=True,
        check=True,
    )
    idle = "True" if hasattr(os, "SCHED_IDLE") else "none"
    assert said.stdout.split() == [str(min(nice + TRAINING_NICENESS, 19)), idle]


BEGINS = """
import sys
sys.argv = ["celery/__main__.py", "-A", "config.celery", "worker", "-Q", {queue!r}]
import config.celery, os, numpy, implicit.cpu.als, threadpoolctl
print(*(os.environ.get(name, "unset") for name in {names!r}))
print(max(pool["num_threads"] for pool in threadpoolctl.threadpool_info()))
"""


def begin(queue: str, **set_before: str) -> list[str]:
    """Return what a worker's libraries find in their environment, and how many threads a pool has."""
    environment = {name: value for name, value in os.environ.items() if name not in THREADS}
    said = subprocess.run(
        [sys.executable, "-c", BEGINS.format(queue=queue, names=THREADS)],
        env=environment | {"PYTHONPATH": "platform"} | set_before,
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.split()


def test_a_training_leaves_one_processor_alone():
    most = str(processors.for_background())
    assert begin("training") == [most, most, most, most]
    assert begin("training", OMP_NUM_THREADS="1")[0] == "1"


def test_nobody_elses_libraries_are_held_back():
    assert begin("default,ingest")[:3] == ["unset"] * 3


@pytest.mark.parametrize(("usable", "for_background"), [({0}, 1), ({0, 1}, 1), (set(range(8)), 7)])
def test_one_processor_is_left_where_there_are_more(monkeypatch, usable, for_background):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: usable, raising=False)
    assert processors.for_background() == for_background
