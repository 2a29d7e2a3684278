"""What the benchmarks share: a clock, this process's memory, an entry of the JSON line."""

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def seconds(work: Callable[[], Any]) -> float:
    """Return how long the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb() -> float:
    """Return this process's peak memory; getrusage would count its parent's from before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def result(key: str, figure: float, unit: str, limit: float, digits: int = 3) -> dict[str, Any]:
    """Return one entry of the JSON line; the ratio is that of the figure to the limit."""
    return {
        "key": key,
        "figure": round(figure, digits),
        "unit": unit,
        "limit": round(limit, digits),
        "ratio": round(figure / limit, 3),
    }
