"""How many processors work that nobody waits for may take."""

import os


def for_background() -> int:
    """Return the processors this process may use less one, which is left to those who wait; 1 at least."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(usable - 1, 1)
