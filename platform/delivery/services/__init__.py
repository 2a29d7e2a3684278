"""What can be done with a run.

None of these wakes a worker: the caller does, by `delivery.dispatch.wake(run.id)`.
"""

from .control import cancel, pause, resume, throttle
from .joining import TooManyRuns, join, open_run
from .launching import launch
from .retrying import RETRYABLE, retry
from .uncertain import let_be, send_again

__all__ = [
    "RETRYABLE",
    "TooManyRuns",
    "cancel",
    "join",
    "launch",
    "let_be",
    "open_run",
    "pause",
    "resume",
    "retry",
    "send_again",
    "throttle",
]
