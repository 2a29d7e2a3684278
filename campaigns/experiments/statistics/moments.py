"""Sufficient statistics that merge without loss: count, mean and centred sums.

Centred (Welford) sums keep their digits at huge n, where sum of squares minus square of sum cancels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Hold n, mean and m2 = sum((y - mean)^2) of one variable.

    Moments add up: `a + b` are those of the union (Chan, Golub & LeVeque 1979, "Updating formulae and a
    pairwise algorithm for computing sample variances").
    """

    n: int
    mean: float
    m2: float

    @classmethod
    def from_values(cls, values: npt.ArrayLike) -> Self:
        """Build from a sequence of finite values; an empty one gives n = 0."""
        array = np.asarray(values, dtype=np.float64)
        if array.size == 0:
            return cls(0, 0.0, 0.0)
        if not np.isfinite(array).all():
            raise ValueError("Values must be finite: leave out or mend NaN and infinity first.")
        mean = float(array.mean())
        return cls(int(array.size), mean, float(np.square(array - mean).sum()))

    @classmethod
    def from_sums(cls, n: int, total: float, squares: float) -> Self:
        """Build from n, sum(y) and sum(y^2)."""
        if n == 0:
            return cls(0, 0.0, 0.0)
        mean = total / n
        return cls(n, mean, max(squares - n * mean * mean, 0.0))

    @property
    def variance(self) -> float:
        """Return the sample variance, m2 / (n - 1)."""
        return self.m2 / (self.n - 1) if self.n > 1 else 0.0

    @property
    def mean_variance(self) -> float:
        """Return the squared standard error of the mean."""
        return self.variance / self.n if self.n else 0.0

    def __add__(self, other: "Moments") -> "Moments":
        n = self.n + other.n
        if n == 0:
            return self
        gap = other.mean - self.mean
        mean = self.mean + gap * other.n / n
        return Moments(n, mean, self.m2 + other.m2 + gap * gap * self.n * other.n / n)


@dataclass(frozen=True, slots=True)
class JointMoments:
    """Hold the moments of two variables of the same units: y, x and c = sum((y - my)(x - mx))."""

    y: Moments
    x: Moments
    c: float

    @classmethod
    def from_values(cls, y: npt.ArrayLike, x: npt.ArrayLike) -> Self:
        """Build from two sequences of the same length, one entry per unit."""
        ys, xs = np.asarray(y, dtype=np.float64), np.asarray(x, dtype=np.float64)
        if ys.shape != xs.shape:
            raise ValueError(f"One x per y is needed: shapes {ys.shape} and {xs.shape} differ.")
        my, mx = Moments.from_values(ys), Moments.from_values(xs)
        return cls(my, mx, float(((ys - my.mean) * (xs - mx.mean)).sum()))

    @classmethod
    def from_sums(cls, n: int, y: float, y2: float, x: float, x2: float, xy: float) -> Self:
        """Build from n and the sums of y, y^2, x, x^2 and xy."""
        my, mx = Moments.from_sums(n, y, y2), Moments.from_sums(n, x, x2)
        return cls(my, mx, xy - n * my.mean * mx.mean)

    @property
    def n(self) -> int:
        """Return the number of units."""
        return self.y.n

    @property
    def covariance(self) -> float:
        """Return the sample covariance, c / (n - 1)."""
        return self.c / (self.n - 1) if self.n > 1 else 0.0

    def __add__(self, other: "JointMoments") -> "JointMoments":
        n = self.n + other.n
        if n == 0:
            return self
        gaps = (other.y.mean - self.y.mean) * (other.x.mean - self.x.mean)
        return JointMoments(
            self.y + other.y, self.x + other.x, self.c + other.c + gaps * self.n * other.n / n
        )


def to_dict(moments: Moments) -> dict[str, float]:
    """Return plain numbers for a stored snapshot; `from_dict` gives back the same bits."""
    return {"n": moments.n, "mean": moments.mean, "m2": moments.m2}


def from_dict(data: Mapping[str, float]) -> Moments:
    """Read what `to_dict` wrote."""
    return Moments(int(data["n"]), float(data["mean"]), float(data["m2"]))
