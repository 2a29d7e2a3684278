"""Wait for what another process, thread or page does: by its effect, and as long as a slow machine takes."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

#: Seconds after which something has not happened, rather than not yet. Nothing is lost by a generous one:
#: who waits goes on with the effect.
PATIENCE = 120.0
Found = TypeVar("Found")


def until(
    condition: Callable[[], Found],
    what: str | Callable[[], object] = "it",
    *,
    seconds: float = PATIENCE,
    rest: Callable[[float], object] = time.sleep,
) -> Found:
    """Return the first true answer of a condition, and fail the test when none comes.

    `rest` is slept with between two questions; a page's own sleep lets its events in meanwhile.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what() if callable(what) else what} did not happen in {seconds:.0f} s")
        rest(0.03)
    return found
