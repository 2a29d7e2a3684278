"""Bring features to one scale: clip, log where skewed, standardise."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import skew

from recommender.arrays import Float64
from recommender.errors import DataError

#: Above this skewness a feature without negative values is taken as log(1 + x).
SKEWED = 1.0


@dataclass(frozen=True)
class Scale:
    """How one feature is brought to scale; missing values become ``fill``."""

    feature: str
    low: float
    high: float
    log: bool
    mean: float
    deviation: float
    fill: float


class Scaler:
    """Clip at the 1st and 99th percentile, take logs of skewed features, standardise.

    Features that do not vary are dropped and listed in ``dropped``.
    """

    def __init__(self, scales: Sequence[Scale], dropped: Sequence[str] = ()) -> None:
        self.scales = tuple(scales)
        self.dropped = tuple(dropped)

    @classmethod
    def fit(cls, frame: pl.DataFrame, features: Sequence[str]) -> "Scaler":
        """Learn the scales; raises DataError for absent features or where nothing varies."""
        absent = [name for name in features if name not in frame.columns]
        if absent:
            raise DataError(
                f"features missing: {', '.join(absent)} (columns found: {', '.join(frame.columns)})"
            )
        scales, dropped = [], []
        for name in features:
            if not (frame[name].dtype.is_numeric() or frame[name].dtype == pl.Boolean):
                raise DataError(f"feature {name} is {frame[name].dtype}, not a number")
            values = _values(frame, name)
            seen = values[np.isfinite(values)]
            scale = _learn(name, seen) if len(seen) else None
            if scale is None:
                dropped.append(name)
            else:
                scales.append(scale)
        if not scales:
            raise DataError("nothing distinguishes these customers: every feature has one value only")
        return cls(scales, dropped)

    def transform(self, frame: pl.DataFrame) -> Float64:
        """Return customers x features on scale."""
        return np.column_stack([_apply(scale, _values(frame, scale.feature)) for scale in self.scales])

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {"scales": [asdict(scale) for scale in self.scales], "dropped": list(self.dropped)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Scaler":
        """Read to_dict back."""
        return cls([Scale(**scale) for scale in stored["scales"]], stored["dropped"])


def _values(frame: pl.DataFrame, name: str) -> Float64:
    values: Float64 = frame[name].cast(pl.Float64).to_numpy()
    return values


def _learn(name: str, seen: Float64) -> Scale | None:
    low, high = (float(edge) for edge in np.quantile(seen, [0.01, 0.99]))
    clipped = np.clip(seen, low, high)
    if clipped.std() < 1e-12:
        return None
    log = bool(low >= 0 and skew(clipped) > SKEWED)
    shaped = np.log1p(clipped) if log else clipped
    return Scale(name, low, high, log, float(shaped.mean()), float(shaped.std()), float(np.median(seen)))


def _apply(scale: Scale, values: Float64) -> Float64:
    clipped = np.clip(np.where(np.isfinite(values), values, scale.fill), scale.low, scale.high)
    shaped = np.log1p(clipped) if scale.log else clipped
    result: Float64 = (shaped - scale.mean) / scale.deviation
    return result
