"""A training gives way to everything else."""

import os
import subprocess
import sys

import pytest

from config.workers import TRAINING_NICENESS

SAYS = (
    "import os; from config.workers import step_back; step_back();"
    "print(os.nice(0), os.sched_getscheduler(0) == os.SCHED_IDLE)"
)


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this kernel has no idle class")
def test_a_process_that_steps_back_is_of_the_idle_class():
    nice = os.nice(0)
    said = subprocess.run(
        [sys.executable, "-c", SAYS],
        env=os.environ | {"PYTHONPATH": "platform"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == [str(min(nice + TRAINING_NICENESS, 19)), "True"]
