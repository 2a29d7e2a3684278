"""Two answers on the same units: the replay of two strategies for every household."""

from dataclasses import dataclass
from math import sqrt
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import stats

from campaigns.experiments.statistics.proportions import wilson_interval
from campaigns.experiments.statistics.results import Interval, NotComputableError, Reason, require_alpha


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """Count units by outcome under both variants: a both, b control only, c treatment only, d neither."""

    both: int
    control_only: int
    treatment_only: int
    neither: int

    def __post_init__(self) -> None:
        if min(self.both, self.control_only, self.treatment_only, self.neither) < 0:
            raise ValueError("Counts of pairs are 0 or more.")

    @classmethod
    def from_outcomes(cls, control: npt.ArrayLike, treatment: npt.ArrayLike) -> Self:
        """Count two boolean sequences of the same units in the same order."""
        a, b = np.asarray(control, dtype=bool), np.asarray(treatment, dtype=bool)
        if a.shape != b.shape:
            raise ValueError(f"Both variants need an outcome for every unit: {a.shape} and {b.shape}.")
        return cls(int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum()), int((~a & ~b).sum()))

    @property
    def n(self) -> int:
        """Return the number of units."""
        return self.both + self.control_only + self.treatment_only + self.neither


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Hold treatment minus control on the same units; rates for binary outcomes, means otherwise."""

    n: int
    control: float
    treatment: float
    value: float
    se: float
    interval: Interval
    p_value: float


def paired_newcombe_interval(pairs: PairedCounts, alpha: float = 0.05) -> Interval:
    """Return the interval of the difference of paired rates.

    Newcombe 1998, Stat. Med. 17:2635-2650, method 10: Wilson's ends of both margins, their squares joined
    by the correlation phi, which is continuity corrected when positive and 0 when a margin is empty.
    """
    a, b, c, d, n = pairs.both, pairs.control_only, pairs.treatment_only, pairs.neither, pairs.n
    p1, p2 = (a + b) / n, (a + c) / n
    one, two = wilson_interval(a + b, n, alpha), wilson_interval(a + c, n, alpha)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    cross = a * d - b * c
    phi = 0.0
    if margins > 0:
        corrected = max(cross - n / 2, 0.0) if cross > 0 else float(cross)
        phi = corrected / sqrt(margins)
    down2, up2 = p2 - two.low, two.high - p2
    down1, up1 = p1 - one.low, one.high - p1
    low = sqrt(max(down2**2 - 2 * phi * down2 * up1 + up1**2, 0.0))
    high = sqrt(max(up2**2 - 2 * phi * up2 * down1 + down1**2, 0.0))
    return Interval(p2 - p1 - low, p2 - p1 + high)


def mcnemar_p(pairs: PairedCounts) -> float:
    """Return the exact two-sided p-value of McNemar's test: a binomial on the units that differ.

    McNemar 1947, Psychometrika 12:153-157. 1 when no unit differs.
    """
    differing = pairs.control_only + pairs.treatment_only
    if differing == 0:
        return 1.0
    return float(stats.binomtest(pairs.treatment_only, differing, 0.5).pvalue)


def compare_pairs(pairs: PairedCounts, *, alpha: float = 0.05, min_units: int = 10) -> PairedDifference:
    """Compare two binary outcomes of the same units.

    Raises NotComputableError: ARM_TOO_SMALL below `min_units`, NO_DATA when no outcome happened under either.
    """
    require_alpha(alpha)
    n = pairs.n
    if n < max(min_units, 1):
        raise NotComputableError(
            Reason.ARM_TOO_SMALL, f"{n} units are too few; at least {min_units} are needed."
        )
    if pairs.neither == n:
        raise NotComputableError(Reason.NO_DATA, "Nobody converted under either variant.")
    p1, p2 = (pairs.both + pairs.control_only) / n, (pairs.both + pairs.treatment_only) / n
    d = p2 - p1
    spread = (pairs.control_only + pairs.treatment_only) / n - d * d
    se = sqrt(max(spread, 0.0) / n)
    return PairedDifference(n, p1, p2, d, se, paired_newcombe_interval(pairs, alpha), mcnemar_p(pairs))


def compare_paired_values(
    control: npt.ArrayLike, treatment: npt.ArrayLike, *, alpha: float = 0.05, min_units: int = 10
) -> PairedDifference:
    """Compare two scores of the same units (NDCG, margin) by the paired t test (Student 1908)."""
    require_alpha(alpha)
    a, b = np.asarray(control, np.float64), np.asarray(treatment, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"Both variants need a score for every unit: {a.shape} and {b.shape}.")
    n = int(a.size)
    if n < max(min_units, 2):
        raise NotComputableError(
            Reason.ARM_TOO_SMALL, f"{n} units are too few; at least {min_units} are needed."
        )
    gaps = b - a
    value, se = float(gaps.mean()), float(gaps.std(ddof=1)) / sqrt(n)
    if se == 0:
        if value != 0:
            raise NotComputableError(Reason.ZERO_VARIANCE, "Every unit differs by the same amount.")
        return PairedDifference(n, float(a.mean()), float(b.mean()), 0.0, 0.0, Interval(0.0, 0.0), 1.0)
    half = float(stats.t.isf(alpha / 2, n - 1)) * se
    p = float(2 * stats.t.sf(abs(value) / se, n - 1))
    return PairedDifference(
        n, float(a.mean()), float(b.mean()), value, se, Interval(value - half, value + half), p
    )


def bootstrap_interval(
    control: npt.ArrayLike, treatment: npt.ArrayLike, *, seed: int, draws: int = 2_000, alpha: float = 0.05
) -> Interval:
    """Return the percentile interval of the mean paired difference, resampling units with a seed.

    Efron & Tibshirani 1993, An introduction to the bootstrap, chapter 13. 2,000 draws of 2,469 units take
    about 60 ms.
    """
    require_alpha(alpha)
    gaps = np.asarray(treatment, np.float64) - np.asarray(control, np.float64)
    if gaps.size < 2:
        raise NotComputableError(Reason.ARM_TOO_SMALL, "A bootstrap needs at least two units.")
    rng = np.random.default_rng(seed)
    means = np.array([gaps[rng.integers(0, gaps.size, gaps.size)].mean() for _ in range(draws)])
    low, high = np.quantile(means, [alpha / 2, 1 - alpha / 2])
    return Interval(float(low), float(high))
