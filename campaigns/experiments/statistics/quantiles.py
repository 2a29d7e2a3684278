"""Quantiles of order values, with ranks instead of a density estimate."""

from dataclasses import dataclass
from math import ceil, floor, sqrt
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import stats

from campaigns.experiments.statistics.means import MIN_ARM, compare_variances
from campaigns.experiments.statistics.results import Comparison, NotComputableError, Reason, require_arms

# The ranks are taken at this level whatever alpha is asked for: they only carry the standard error.
Z = float(stats.norm.isf(0.025))


@dataclass(frozen=True, slots=True)
class Quantile:
    """Hold a sample quantile with the order statistics at its 95 % ranks."""

    n: int
    q: float
    value: float
    low: float
    high: float

    @classmethod
    def from_values(cls, values: npt.ArrayLike, q: float) -> Self:
        """Take the quantile and the values at ranks n(q -+ z sqrt(q(1-q)/n)).

        Deng, Knoblich & Lu 2018, KDD (after David & Nagaraja 2003, Order Statistics).
        Raises NotComputableError(ARM_TOO_SMALL) where a rank falls outside of the sample.
        """
        if not 0 < q < 1:
            raise ValueError(f"A quantile lies between 0 and 1, not {q}.")
        array = np.sort(np.asarray(values, dtype=np.float64))
        n = int(array.size)
        half = Z * sqrt(n * q * (1 - q))
        first, last = floor(n * q - half), ceil(n * q + half)
        if first < 1 or last > n:
            raise NotComputableError(
                Reason.ARM_TOO_SMALL, f"{n} values are too few for an interval of the {q:g} quantile."
            )
        return cls(n, q, float(np.quantile(array, q)), float(array[first - 1]), float(array[last - 1]))

    @property
    def variance(self) -> float:
        """Return the variance per unit: (n - 1) times the squared standard error of the quantile."""
        return (self.n - 1) * ((self.high - self.low) / (2 * Z)) ** 2


def compare_quantiles(
    control: Quantile, treatment: Quantile, *, alpha: float = 0.05, min_arm: int = MIN_ARM
) -> Comparison:
    """Compare the same quantile of two arms."""
    if control.q != treatment.q:
        raise ValueError(f"Compare the same quantile: {control.q} and {treatment.q} differ.")
    require_arms(control.n, treatment.n, max(min_arm, 2))
    return compare_variances(
        control.value,
        control.variance,
        control.n,
        treatment.value,
        treatment.variance,
        treatment.n,
        alpha=alpha,
    )
