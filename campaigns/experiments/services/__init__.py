"""What changes a test: designing it, placing people, noting whom it met, its waves, the control group.

Nothing here loads scipy or polars: the worker that sends imports it. Analysis is `live`.
"""

from .assigning import assign, chances, in_range
from .designing import DesignError, change_metrics, copy_experiment, create_experiment, free_range
from .exposing import drop_ghosts, expose, expose_ghosts, expose_skipped
from .holdout import close_holdout, current, fill, open_holdout
from .running import archive, pause, resume, start
from .waves import due_waves, first_wave, plan_waves, waiting

__all__ = [
    "DesignError",
    "archive",
    "assign",
    "chances",
    "change_metrics",
    "close_holdout",
    "copy_experiment",
    "create_experiment",
    "current",
    "drop_ghosts",
    "due_waves",
    "expose",
    "expose_ghosts",
    "expose_skipped",
    "fill",
    "first_wave",
    "free_range",
    "in_range",
    "open_holdout",
    "pause",
    "plan_waves",
    "resume",
    "start",
    "waiting",
]
