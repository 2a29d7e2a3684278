"""Many comparisons at once: Holm for what decides, Benjamini-Hochberg for what is explored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Hold adjusted p-values in the order they came, and which are rejected at `alpha`."""

    p_values: tuple[float, ...]
    rejected: tuple[bool, ...]


def _check(p_values: Sequence[float]) -> None:
    if any(not 0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie between 0 and 1.")


def holm(p_values: Sequence[float], alpha: float = 0.05) -> Adjusted:
    """Adjust so that the chance of any false rejection stays below alpha (Holm 1979, Scand. J. Stat. 6)."""
    _check(p_values)
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    adjusted, running = [0.0] * count, 0.0
    for step, index in enumerate(order):
        running = max(running, min(1.0, (count - step) * p_values[index]))
        adjusted[index] = running
    return Adjusted(tuple(adjusted), tuple(p <= alpha for p in adjusted))


def benjamini_hochberg(p_values: Sequence[float], alpha: float = 0.05) -> Adjusted:
    """Adjust so that the expected share of false ones among the rejected stays below alpha.

    Benjamini & Hochberg 1995, JRSS B 57:289-300.
    """
    _check(p_values)
    if not p_values:
        return Adjusted((), ())
    adjusted = tuple(float(p) for p in stats.false_discovery_control(p_values))
    return Adjusted(adjusted, tuple(p <= alpha for p in adjusted))
