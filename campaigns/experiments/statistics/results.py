"""The results that the modules of this package share."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Name why a figure cannot be given; the pages translate it."""

    NO_DATA = "no data yet"
    ARM_TOO_SMALL = "arm too small"
    ZERO_VARIANCE = "zero variance"
    CONTROL_WITHOUT_CONVERSIONS = "control without conversions"
    CONTROL_NOT_POSITIVE = "control mean is not positive"
    TREATMENT_WITHOUT_VARIANCE = "treatment without variance"


class NotComputableError(ValueError):
    """Refuse a figure that the data cannot carry.

    `reason` is for the program, `message` for the person: it says what is missing.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold two ends of a confidence interval, in the unit of the estimate."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"An interval needs low <= high, not {self.low} and {self.high}.")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def width(self) -> float:
        """Return high - low."""
        return self.high - self.low

    def mirrored(self) -> "Interval":
        """Return the interval of the negated quantity."""
        return Interval(-self.high, -self.low)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold a point estimate with its standard error, interval and two-sided p-value.

    `df` are the degrees of freedom of the t distribution used, None where the normal one is.
    """

    value: float
    se: float
    interval: Interval
    p_value: float
    df: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compare a treatment with its control on one metric.

    `control` and `treatment` are the arms' means (rates, ratios, quantiles); `lift` is relative to the
    control and None where it means nothing, with the reason in `lift_refused`.
    """

    control: float
    treatment: float
    n_control: int
    n_treatment: int
    difference: Estimate
    lift: Estimate | None
    lift_refused: Reason | None = None


def require_alpha(alpha: float) -> None:
    """Raise ValueError unless 0 < alpha < 1."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is a probability between 0 and 1, not {alpha}.")


def require_arms(n_control: int, n_treatment: int, minimum: int) -> None:
    """Raise NotComputableError(ARM_TOO_SMALL) when either arm has fewer units than `minimum`."""
    for name, n in (("control", n_control), ("treatment", n_treatment)):
        if n < minimum:
            raise NotComputableError(
                Reason.ARM_TOO_SMALL, f"The {name} arm has {n} units; at least {minimum} are needed."
            )
