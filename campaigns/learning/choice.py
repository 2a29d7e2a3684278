"""From beliefs to shares: each arm's chance to be the best, with a floor."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from campaigns.experiments.statistics.bandit import floored
from campaigns.experiments.statistics.floor import FLOOR

Floats = npt.NDArray[np.float64]

DRAWS = 4_000


@lru_cache(maxsize=16)
def standard_draws(arms: int, draws: int = DRAWS) -> Floats:
    """Return the same standard normal draws for every decision: the shares follow from the state alone.

    Pairs of opposite draws (Hammersley & Morton 1956) keep their mean exactly 0.
    """
    half = np.random.default_rng(20_170_101).standard_normal((draws // 2, arms))
    result = np.concatenate([half, -half])
    result.flags.writeable = False
    return result


def chances(worths: Floats) -> tuple[float, ...]:
    """Return how often each arm is worth most; `worths` has a row a draw. A tie is shared.

    Thompson 1933; Scott 2010. The error of a chance is at most .008 at 4,000 draws; it is part of the
    decision, not of the propensity, which is the share itself.
    """
    top = worths >= worths.max(axis=1, keepdims=True)
    return tuple(float(share) for share in (top / top.sum(axis=1, keepdims=True)).mean(axis=0))


def shares(worths: Floats, floor: float = FLOOR) -> tuple[float, ...]:
    """Return the arms' shares of the traffic: their chances to be best, none below the floor."""
    return floored(chances(worths), floor)


def beginning(arms: Sequence[str], first: str, share: float, floor: float = FLOOR) -> dict[str, float]:
    """Return the shares before anything was seen: what is in use keeps its part, others share the rest."""
    if first not in arms:
        raise ValueError(f"“{first}” is none of {', '.join(arms)}.")
    rest = (1 - share) / max(len(arms) - 1, 1)
    given = [share if arm == first else rest for arm in arms]
    return dict(zip(arms, floored(given, floor), strict=True))
