"""How good probabilities are: who ranks above whom, and whether what is said comes true."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from recommender.arrays import Bool, Float64
from recommender.validation.bootstrap import Interval

BINS = 10
RESAMPLES = 1000


@dataclass(frozen=True)
class Bin:
    """One point of the reliability curve: mean probability said, share that came true, customers."""

    said: float
    came: float
    customers: int


def auc(came: Bool, scores: Float64) -> float:
    """Return the chance that one with the outcome stands above one without; a tie counts half."""
    positives = int(came.sum())
    negatives = len(came) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[came].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def brier(came: Bool, said: Float64) -> float:
    """Return the mean squared difference of probability and outcome (Brier 1950)."""
    return float(np.mean((said - came) ** 2))


def reliability(came: Bool, said: Float64, bins: int = BINS) -> tuple[Bin, ...]:
    """Return bins of equally many customers, least likely first."""
    parts = [part for part in np.array_split(np.argsort(said, kind="stable"), bins) if len(part)]
    return tuple(Bin(float(said[part].mean()), float(came[part].mean()), len(part)) for part in parts)


def calibration_error(came: Bool, said: Float64, bins: int = BINS) -> float:
    """Return the expected calibration error over ten bins of equally many customers (Naeini 2015)."""
    curve = reliability(came, said, bins)
    return sum(abs(point.said - point.came) * point.customers for point in curve) / max(len(came), 1)


def auc_difference(came: Bool, first: Float64, second: Float64, seed: int = 0) -> Interval:
    """Return AUC of ``first`` less that of ``second`` with its paired 95 % bootstrap interval.

    Each of 1,000 resamples of the customers asks both. 2,500 customers take 0.2 s.
    """
    resampled = _resampled(came, first, seed) - _resampled(came, second, seed)
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return Interval(auc(came, first) - auc(came, second), float(low), float(high))


def auc_interval(came: Bool, scores: Float64, seed: int = 0) -> Interval:
    """Return the AUC with its 95 % bootstrap interval."""
    low, high = np.nanquantile(_resampled(came, scores, seed), [0.025, 0.975])
    return Interval(auc(came, scores), float(low), float(high))


def wins(came: Bool, scores: Mapping[str, Float64], seed: int = 0) -> dict[str, float]:
    """Return in which share of 1,000 paired resamples each has the highest AUC; the first wins a tie."""
    resampled = np.stack([_resampled(came, one, seed) for one in scores.values()])
    best = np.bincount(np.nan_to_num(resampled).argmax(axis=0), minlength=len(scores)) / RESAMPLES
    return dict(zip(scores, best.tolist(), strict=True))


def best_single(came: Bool, values: Float64) -> tuple[int, float, Float64]:
    """Return (feature, AUC, its values with the sign that helps) of the best feature taken alone.

    A missing value stands at whichever end helps more. Looking for it on the very customers that it is
    then measured on favours it: a model that beats it really does.
    """
    best: tuple[int, float, Float64] = (0, 0.0, np.zeros(len(came)))
    for feature in range(values.shape[1]):
        own = values[:, feature]
        for sign in (1.0, -1.0):
            for end in (np.inf, -np.inf):
                scores = np.where(np.isnan(own), end, sign * own)
                found = auc(came, scores)
                if found > best[1]:
                    best = (feature, found, scores)
    return best


def _resampled(came: Bool, scores: Float64, seed: int) -> Float64:
    """Return the AUC of each resample: the sum over values of positives there x negatives below."""
    random = np.random.default_rng(seed)
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    truth = came[order]
    size = len(came)
    found = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        # Drawn before ordering: the same number of the seed is the same customers for every score.
        counts = np.bincount(random.integers(0, size, size), minlength=size)[order]
        positives = np.add.reduceat(counts * truth, starts)
        negatives = np.add.reduceat(counts * ~truth, starts)
        below = np.cumsum(negatives) - negatives / 2
        whole = positives.sum() * negatives.sum()
        found[number] = (positives @ below) / whole if whole else np.nan
    return found
