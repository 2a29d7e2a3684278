"""A training gives way to everything else."""

import os
import subprocess
import sys

from config.workers import TRAINING_NICENESS

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
