"""Turn log-odds into probabilities that come true, with a band that says how sure that is."""

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

from recommender.arrays import Bool, Float64, Int32

#: Isotonic regression needs many outcomes before it follows more than chance.
ISOTONIC_FROM = 2000
RESAMPLES = 100
POINTS = 201
LEVEL = 0.95


@dataclass(frozen=True)
class Calibration:
    """A curve from log-odds (``at``, ascending) to probability, with the ends of its band."""

    method: str
    at: Float64
    said: Float64
    low: Float64
    high: Float64

    @classmethod
    def fit(cls, margin: Float64, came: Bool, people: Int32, seed: int = 0) -> "Calibration":
        """Fit on held-out customers: Platt (1999), or isotonic from 2,000 of the rarer outcome on.

        The band is the 95 % bootstrap interval over ``people`` (a code per row: who has several rows is
        drawn with all of them).
        """
        rarer = int(min(came.sum(), len(came) - came.sum()))
        isotonic = rarer >= ISOTONIC_FROM
        reach = max(float(np.ptp(margin)), 1.0)
        at = np.linspace(margin.min() - reach / 2, margin.max() + reach / 2, POINTS)
        random = np.random.default_rng(seed)
        size = int(people.max()) + 1
        bands = np.empty((RESAMPLES, POINTS))
        once = np.ones(len(came))
        start = (1.0, 0.0) if isotonic else _platt(margin, came, once)

        def curve(weight: Float64) -> Float64:
            if isotonic:
                return _isotonic(margin, came, weight, at)
            slope, level = _platt(margin, came, weight, start)
            return _sigmoid(slope * at + level)

        for number in range(RESAMPLES):
            weight = np.bincount(random.integers(0, size, size), minlength=size)[people].astype(np.float64)
            bands[number] = curve(weight)
        low, high = np.quantile(bands, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        said = curve(once)
        return cls(
            "isotonic" if isotonic else "platt", at, said, np.minimum(low, said), np.maximum(high, said)
        )

    def probability(self, margin: Float64) -> tuple[Float64, Float64, Float64]:
        """Return (probability, low, high) of each log-odds."""
        said, low, high = (np.interp(margin, self.at, part) for part in (self.said, self.low, self.high))
        return said, low, high

    def mirrored(self) -> "Calibration":
        """Return the curve of the outcome's opposite, over log-odds with the other sign."""
        return Calibration(
            self.method, -self.at[::-1], 1 - self.said[::-1], 1 - self.high[::-1], 1 - self.low[::-1]
        )


def _platt(
    margin: Float64, came: Bool, weight: Float64, start: tuple[float, float] = (1.0, 0.0)
) -> tuple[float, float]:
    """Return slope and level of a logistic curve, by Newton's method.

    Platt's targets keep it off 0 and 1. A falling curve would turn the ranking over, so it is flattened.
    """
    positives = float(weight @ came)
    negatives = float(weight.sum()) - positives
    goal = np.where(came, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    slope, level = start
    for _ in range(25):
        said = _sigmoid(slope * margin + level)
        error = weight * (said - goal)
        curvature = weight * said * (1 - said) + 1e-12
        a, b, c = curvature @ (margin * margin) + 1e-6, curvature @ margin, curvature.sum() + 1e-6
        g, h = error @ margin, error.sum()
        down = a * c - b * b
        steps = ((c * g - b * h) / down, (a * h - b * g) / down)
        shorter = min(1.0, 4.0 / max(abs(steps[0]), abs(steps[1]), 1e-12))
        slope, level = slope - shorter * steps[0], level - shorter * steps[1]
        if max(abs(steps[0]), abs(steps[1])) < 1e-6:
            break
    if slope < 0:
        base = float(np.average(goal, weights=weight))
        return 0.0, float(np.log(base / (1 - base)))
    return float(slope), float(level)


def _isotonic(margin: Float64, came: Bool, weight: Float64, at: Float64) -> Float64:
    drawn = weight > 0
    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    model.fit(margin[drawn], came[drawn], sample_weight=weight[drawn])
    said: Float64 = model.predict(at)
    return said


def _sigmoid(value: Float64) -> Float64:
    clipped = np.clip(value, -35.0, 35.0)
    said: Float64 = 1 / (1 + np.exp(-clipped))
    return said
