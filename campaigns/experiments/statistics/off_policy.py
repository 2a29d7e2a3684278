"""What another policy would have earned on logged decisions, and when the log cannot tell."""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np
import numpy.typing as npt

from campaigns.experiments.statistics.results import NotComputableError, Reason

MIN_EFFECTIVE = 200.0
MAX_WEIGHT_DRIFT = 0.15
MAX_WEIGHT_SHARE = 0.05


class Refusal(StrEnum):
    """Say why a log cannot judge a policy."""

    FEW_EFFECTIVE = "effective sample below 200"
    WEIGHTS_DRIFT = "mean weight further than .15 from 1"
    ONE_DOMINATES = "one weight above 5 % of the sum"


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """Hold the estimates with their standard errors and what the gate looks at."""

    n: int
    ips: float
    ips_se: float
    snips: float
    snips_se: float
    effective_n: float
    mean_weight: float
    max_weight: float
    max_share: float
    refusals: tuple[Refusal, ...]

    @property
    def judgeable(self) -> bool:
        """Tell whether the gate lets the estimate be used; otherwise test the policy live."""
        return not self.refusals


def evaluate(rewards: npt.ArrayLike, propensities: npt.ArrayLike, target: npt.ArrayLike) -> OffPolicy:
    """Estimate a target policy's mean reward from a log, one row per decision.

    `propensities` are the logging policy's chances of the actions taken, `target` the new policy's.
    IPS: Horvitz & Thompson 1952; SNIPS: Swaminathan & Joachims 2015 (NeurIPS), its error by the delta
    method (Owen 2013, Monte Carlo theory, section 9.2); effective sample (sum w)^2 / sum w^2 (Kish 1965).
    Raises ValueError for a propensity of 0: such an action cannot have been logged.
    """
    r, p, t = (np.asarray(a, dtype=np.float64) for a in (rewards, propensities, target))
    if not r.shape == p.shape == t.shape or r.ndim != 1:
        raise ValueError(
            f"One reward, propensity and target a row are needed: {r.shape}, {p.shape}, {t.shape}."
        )
    if r.size < 2:
        raise NotComputableError(Reason.NO_DATA, "At least two logged decisions are needed.")
    if not ((p > 0) & (p <= 1)).all() or not ((t >= 0) & (t <= 1)).all():
        raise ValueError("Propensities lie above 0 and at most at 1, target chances between 0 and 1.")
    w = t / p
    total = float(w.sum())
    if total == 0:
        raise NotComputableError(Reason.NO_DATA, "The target policy never takes a logged action.")
    weighted = w * r
    snips = float(weighted.sum()) / total
    effective = total**2 / float(np.square(w).sum())
    mean, share = float(w.mean()), float(w.max()) / total
    failed = (
        (Refusal.FEW_EFFECTIVE, effective < MIN_EFFECTIVE),
        (Refusal.WEIGHTS_DRIFT, abs(mean - 1) > MAX_WEIGHT_DRIFT),
        (Refusal.ONE_DOMINATES, share > MAX_WEIGHT_SHARE),
    )
    return OffPolicy(
        n=r.size,
        ips=float(weighted.mean()),
        ips_se=float(weighted.std(ddof=1)) / sqrt(r.size),
        snips=snips,
        snips_se=float((w * (r - snips)).std(ddof=1)) / sqrt(r.size) / mean,
        effective_n=effective,
        mean_weight=mean,
        max_weight=float(w.max()),
        max_share=share,
        refusals=tuple(refusal for refusal, hit in failed if hit),
    )


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold a mean reward with its standard error."""

    value: float
    se: float


def doubly_robust(
    rewards: npt.ArrayLike,
    propensities: npt.ArrayLike,
    target: npt.ArrayLike,
    predicted: npt.ArrayLike,
    expected: npt.ArrayLike,
) -> Estimate:
    """Estimate a target policy's mean reward with the help of a model of rewards, one row per decision.

    `predicted` is the model's reward of the action taken, `expected` its mean over the target's actions; the
    model must not have learned from the row itself (cross-fitting). Right when the propensities or the
    model are (Dudik, Langford & Li 2011, ICML; Dudik et al. 2014, Statistical Science 29:485-511). The gate
    is `evaluate`'s: where it refuses, this rests on the model alone and must not be used.
    """
    columns = (rewards, propensities, target, predicted, expected)
    r, p, t, q, v = (np.asarray(a, dtype=np.float64) for a in columns)
    if r.ndim != 1 or any(a.shape != r.shape for a in (p, t, q, v)):
        raise ValueError("One reward, propensity, target, prediction and expectation a row are needed.")
    if r.size < 2:
        raise NotComputableError(Reason.NO_DATA, "At least two logged decisions are needed.")
    if not ((p > 0) & (p <= 1)).all() or not ((t >= 0) & (t <= 1)).all():
        raise ValueError("Propensities lie above 0 and at most at 1, target chances between 0 and 1.")
    each = v + t / p * (r - q)
    return Estimate(float(each.mean()), float(each.std(ddof=1)) / sqrt(r.size))
