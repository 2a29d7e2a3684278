"""The statistics judged by simulation: how often do they err, how often do they see?

Vectorised over runs; every function takes its own generator, so a figure repeats from its seed. Plain
Python like the statistics: it imports nothing of Django.
"""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt
from scipy import stats

from campaigns.experiments.statistics.sample_ratio import ALARM
from campaigns.experiments.statistics.sequential import mixture_rho_squared
from campaigns.experiments.statistics.spending import spending_bounds

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rejections:
    """Hold the share of runs in which each rule declared a difference at some look."""

    runs: int
    always_valid: float
    group_sequential: float
    naive: float


def peeking(
    rng: np.random.Generator,
    *,
    runs: int,
    control: npt.ArrayLike,
    treatment: npt.ArrayLike,
    arm: int = 31_000,
    looks: int = 14,
    alpha: float = 0.05,
) -> Rejections:
    """Play tests of two rates with equally spaced looks and count those that ever reject.

    `control` and `treatment` are rates, one for all runs or one a run; equal ones make an A/A test. The
    naive rule looks at the plain z every time. 20,000 runs of 14 looks take about a second.
    """
    rates = [np.broadcast_to(np.asarray(p, np.float64), (runs,)) for p in (control, treatment)]
    ends = np.round(np.arange(1, looks + 1) * arm / looks).astype(np.int64)
    steps = np.diff(ends, prepend=0)
    p1, p2 = (rng.binomial(steps, rate[:, None], (runs, looks)).cumsum(axis=1) / ends for rate in rates)
    difference = p2 - p1
    se = np.sqrt((p1 * (1 - p1) + p2 * (1 - p2)) / ends)
    pooled = (p1 + p2) / 2
    pooled_se = np.sqrt(2 * pooled * (1 - pooled) / ends)
    # Without any conversion there is nothing to reject: z is 0.
    z = np.divide(difference, pooled_se, out=np.zeros_like(se), where=pooled_se > 0)
    bounds = np.array(spending_bounds([float(n) / arm for n in ends], alpha))
    grown = 2 * ends * mixture_rho_squared(2 * arm, alpha)
    half = se * np.array([sqrt(2 * (g + 1) / g * log(sqrt(g + 1) / alpha)) for g in grown])
    one_look = float(stats.norm.isf(alpha / 2))

    def share(rejected: npt.NDArray[np.bool_]) -> float:
        return float(rejected.any(axis=1).mean())

    return Rejections(
        runs,
        always_valid=share((np.abs(difference) > half) & (se > 0)),
        group_sequential=share(np.abs(z) >= bounds),
        naive=share(np.abs(z) >= one_look),
    )


def sample_ratio_alarms(
    rng: np.random.Generator, *, runs: int, people: int, share: float = 0.5, planned: float = 0.5
) -> float:
    """Return the share of runs in which the sample ratio check alarms, for a true share of the first arm."""
    first = rng.binomial(people, share, runs)
    expected = people * planned
    statistic = (first - expected) ** 2 * (1 / expected + 1 / (people - expected))
    return float((stats.chi2.sf(statistic, 1) < ALARM).mean())
