"""Which features have to do with an outcome: χ² and mutual information."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from recommender.arrays import Bool, Float64

FALSE_FINDS = 0.05
BINS = 10


@dataclass(frozen=True)
class Relevance:
    """What one feature says about the outcome; ``information`` is in nats."""

    feature: str
    chi2: float
    p: float
    information: float
    kept: bool


def relevance(names: tuple[str, ...], values: Float64, came: Bool) -> tuple[Relevance, ...]:
    """Test each feature, cut at its deciles (missing is a part of its own), against the outcome.

    Kept are those whose χ² test survives a false discovery rate of 5 % (Benjamini and Hochberg 1995);
    where none does, all, for then nothing tells them apart. Most informative first.
    """
    found = [(name, *_one(values[:, place], came)) for place, name in enumerate(names)]
    ordered = sorted(range(len(found)), key=lambda place: found[place][2])
    last = -1
    for rank, place in enumerate(ordered, start=1):
        if found[place][2] <= FALSE_FINDS * rank / len(found):
            last = rank
    kept = set(ordered[:last]) if last > 0 else set(ordered)
    rows = [
        Relevance(name, statistic, p, information, place in kept)
        for place, (name, statistic, p, information) in enumerate(found)
    ]
    return tuple(sorted(rows, key=lambda row: -row.information))


def _one(values: Float64, came: Bool) -> tuple[float, float, float]:
    absent = np.isnan(values)
    own = values[~absent]
    edges = np.unique(np.quantile(own, np.arange(1, BINS) / BINS)) if len(own) else np.zeros(0)
    places = np.where(absent, len(edges) + 1, np.searchsorted(edges, values, side="left"))
    table = np.stack([np.bincount(places[side], minlength=len(edges) + 2) for side in (came, ~came)]).astype(
        np.float64
    )
    table = table[:, table.sum(axis=0) > 0]
    whole = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / whole
    if table.shape[1] < 2 or (expected == 0).any():
        return 0.0, 1.0, 0.0
    statistic = float(((table - expected) ** 2 / expected).sum())
    filled = table > 0
    information = float((table[filled] / whole * np.log(table[filled] / expected[filled])).sum())
    return statistic, float(chi2.sf(statistic, table.shape[1] - 1)), max(information, 0.0)
