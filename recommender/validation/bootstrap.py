"""Paired bootstrap intervals over users."""

from dataclasses import dataclass

import numpy as np

from recommender.arrays import AnyArray, Float64


@dataclass(frozen=True)
class Interval:
    """A mean and its percentile interval."""

    mean: float
    low: float
    high: float


class Bootstrap:
    """Resample users once and use the same resamples for every figure, so that differences are paired.

    Efron and Tibshirani (1993), percentile interval. Memory: resamples x users x 4 bytes, in blocks.
    """

    def __init__(self, users: int, resamples: int = 1000, level: float = 0.95, seed: int = 0) -> None:
        self.users = users
        self.resamples = resamples
        self.level = level
        self.seed = seed

    def means(self, values: Float64) -> Float64:
        """Return resamples x columns means of users x columns values; nan marks who was not asked."""
        absent = np.isnan(values)
        filled = np.where(absent, 0.0, values)
        random = np.random.default_rng(self.seed)
        block = max(1, 8_000_000 // max(self.users, 1))
        found = []
        for start in range(0, self.resamples, block):
            size = min(block, self.resamples - start)
            draws = random.integers(0, self.users, size=(size, self.users), dtype=np.int64)
            draws += np.arange(size)[:, None] * self.users
            counts = np.bincount(draws.ravel(), minlength=size * self.users).reshape(size, self.users)
            weights = counts.astype(np.float64)
            asked = weights @ ~absent if absent.any() else self.users
            with np.errstate(invalid="ignore"):
                found.append(weights @ filled / asked)
        return np.concatenate(found)

    def interval(self, resampled: AnyArray, mean: float) -> Interval:
        """Return the percentile interval of resampled means."""
        tail = (1 - self.level) / 2
        low, high = np.nanquantile(resampled, [tail, 1 - tail])
        return Interval(float(mean), float(low), float(high))


def paired_difference(a: Float64, b: Float64, resamples: int = 1000, seed: int = 0) -> Interval:
    """Return mean(a - b) over the same users with its 95 % interval."""
    boot = Bootstrap(len(a), resamples, seed=seed)
    difference = (a - b)[:, None]
    return boot.interval(boot.means(difference)[:, 0], float(difference.mean()))
