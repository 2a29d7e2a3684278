"""Who gets which variant: a salted hash, the same in every process and for ever.

Order: global holdout, layer range, experiment's own bucket, variant by cumulative weights.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from math import isfinite

import numpy as np
import numpy.typing as npt

BUCKETS = 10_000


def bucket(salt: str, unit: str) -> int:
    """Return the unit's bucket, 0 to 9,999: the first 8 bytes of sha256("salt:unit"), big endian, modulo.

    The modulo's bias is below 10_000 / 2^64, so every bucket is as likely as any other for our purposes.
    """
    return int.from_bytes(sha256(f"{salt}:{unit}".encode()).digest()[:8], "big") % BUCKETS


def buckets(salt: str, units: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return the buckets of many units. A million take about one second."""
    return np.fromiter((bucket(salt, unit) for unit in units), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Arm:
    """Name a variant and its weight, relative to the other arms' weights."""

    key: str
    weight: float


@dataclass(frozen=True, slots=True)
class BucketRange:
    """Hold the buckets low <= b < high under a salt: a layer's share, or a holdout's."""

    salt: str
    low: int
    high: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= BUCKETS:
            raise ValueError(f"A range lies within 0 and {BUCKETS}, not {self.low} to {self.high}.")

    @classmethod
    def share(cls, salt: str, fraction: float) -> "BucketRange":
        """Return the first `fraction` of the buckets, as a holdout takes it."""
        if not 0 <= fraction <= 1:
            raise ValueError(f"A share lies between 0 and 1, not {fraction}.")
        return cls(salt, 0, round(fraction * BUCKETS))

    def __contains__(self, unit: str) -> bool:
        return self.low <= bucket(self.salt, unit) < self.high

    def overlaps(self, other: "BucketRange") -> bool:
        """Tell whether the two ranges share a bucket of the same layer."""
        return self.salt == other.salt and max(self.low, other.low) < min(self.high, other.high)


class Place(StrEnum):
    """Say where a unit ended up."""

    ASSIGNED = "assigned"
    HELD_OUT = "held out"
    OUTSIDE_LAYER = "outside the layer"


@dataclass(frozen=True, slots=True)
class Placement:
    """Hold where a unit belongs; `arm` and `propensity` only when it was assigned.

    `propensity` is the chance of this arm among those of the experiment, exact in 1/10,000.
    """

    place: Place
    bucket: int | None = None
    arm: str | None = None
    propensity: float | None = None


def edges(arms: Sequence[Arm]) -> list[int]:
    """Return the upper bucket of each arm by cumulative weight; the last one is 10,000.

    Raises ValueError for no arms, repeated keys, a negative weight or none above zero.
    """
    if not arms:
        raise ValueError("An experiment needs at least one arm.")
    if len({arm.key for arm in arms}) < len(arms):
        raise ValueError("Each arm needs a key of its own.")
    weights = [arm.weight for arm in arms]
    if any(not isfinite(w) or w < 0 for w in weights) or not any(weights):
        raise ValueError("Weights are numbers of 0 or more, at least one of them above 0.")
    total, running, result = sum(weights), 0.0, []
    for weight in weights:
        running += weight
        result.append(round(BUCKETS * running / total))
    # Rounding may neither open a gap at the end nor give an arm of weight 0 the last buckets.
    last = max(i for i, w in enumerate(weights) if w > 0)
    return [BUCKETS if i >= last else edge for i, edge in enumerate(result)]


def propensities(arms: Sequence[Arm]) -> dict[str, float]:
    """Return the exact chance of each arm after rounding to buckets."""
    tops = edges(arms)
    lows = [0, *tops[:-1]]
    return {arm.key: (top - low) / BUCKETS for arm, low, top in zip(arms, lows, tops, strict=True)}


def arm_of(number: int, arms: Sequence[Arm]) -> Arm:
    """Return the arm that owns a bucket."""
    for arm, top in zip(arms, edges(arms), strict=True):
        if number < top:
            return arm
    raise ValueError(f"Buckets run from 0 to {BUCKETS - 1}, not {number}.")


def place(
    unit: str,
    salt: str,
    arms: Sequence[Arm],
    *,
    layer: BucketRange | None = None,
    holdout: BucketRange | None = None,
) -> Placement:
    """Place one unit. The answer is stored at the first call and never recomputed by the caller."""
    if holdout is not None and unit in holdout:
        return Placement(Place.HELD_OUT)
    if layer is not None and unit not in layer:
        return Placement(Place.OUTSIDE_LAYER)
    number = bucket(salt, unit)
    arm = arm_of(number, arms)
    return Placement(Place.ASSIGNED, number, arm.key, propensities(arms)[arm.key])
