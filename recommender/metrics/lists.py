"""What lists are like, whether or not they come true: reach, evenness, variety, novelty, calibration.

``lists`` is users x k positions of items, -1 where a place is empty.
"""

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import normalize

from recommender.arrays import AnyArray, Csr, Float64, Int32

#: How much of the history's shares is mixed into the list's, so that a missing kind costs a finite amount.
SMOOTHING = 0.01


def coverage(lists: Int32, items: int) -> float:
    """Return the share of the catalogue that is in at least one list."""
    return len(np.unique(lists[lists >= 0])) / items if items else 0.0


def concentration(lists: Int32, items: int) -> float:
    """Return the Gini index of how often each item of the catalogue is recommended.

    0: all items alike; 1: one item takes every place. Shani and Gunawardana (2011), "Evaluating
    recommendation systems", section 3.3: sum of (2 j - n - 1) p_j over items by rising share, by n - 1.
    """
    counts = np.sort(np.bincount(lists[lists >= 0], minlength=items))
    total = counts.sum()
    if items < 2 or not total:
        return 0.0
    ranks = 2 * np.arange(1, items + 1) - items - 1
    return float((ranks @ counts) / (total * (items - 1)))


def intra_list_diversity(lists: Int32, features: Csr) -> Float64:
    """Return each list's mean distance of two of its items; nan for lists with fewer than two.

    ``features`` is items x features; distance is one minus cosine. Two items without features have
    nothing in common: distance 1. Ziegler, McNee, Konstan, Lausen (2005), as a mean over pairs.
    Cost: one product of the lists with the features, no items x items matrix.
    """
    if not features.shape[1]:
        return np.full(lists.shape[0], np.nan)
    unit = normalize(features.astype(np.float64))
    incidence = _incidence(lists, features.shape[0])
    sizes = np.diff(incidence.indptr)
    # The cosines of all pairs add up to the squared length of the sum, without the items with themselves.
    total = incidence @ unit
    squared = np.asarray(total.multiply(total).sum(axis=1)).ravel()
    lengths = np.asarray(unit.multiply(unit).sum(axis=1)).ravel()
    likeness = squared - incidence @ lengths
    pairs = np.where(sizes > 1, sizes * (sizes - 1.0), np.nan)
    distance: Float64 = np.clip(1 - likeness / pairs, 0, 1)
    return distance


def novelty(lists: Int32, buyers: AnyArray, users: int) -> Float64:
    """Return each list's mean of -log2(share of users who have the item), in bits; nan for empty lists.

    Zhou et al. (2010), "Solving the apparent diversity-accuracy dilemma". ``buyers`` counts each item's
    users at training; an item nobody has counts as one that one user has.
    """
    bits = -np.log2(np.maximum(buyers, 1) / max(users, 1))
    filled = lists >= 0
    sizes = filled.sum(axis=1)
    total = np.where(filled, bits[np.maximum(lists, 0)], 0.0).sum(axis=1)
    mean: Float64 = total / np.where(sizes > 0, sizes, np.nan)
    return mean


def calibration(lists: Int32, groups: AnyArray, history: Csr) -> Float64:
    """Return how far each list's mix of kinds is from the history's; 0 is the same mix.

    Steck (2018), "Calibrated recommendations": Kullback-Leibler divergence of the history's shares from
    the list's, in nats, the list's mixed with 1 % of the history's. ``groups`` is each item's kind
    (-1: none, left out); ``history`` is users x items of weights. nan where either side has no kind.
    """
    wanted = shares(history, groups)
    got = shares(_incidence(lists, len(groups)), groups)
    empty = (wanted.sum(axis=1) == 0) | (got.sum(axis=1) == 0)
    mixed = (1 - SMOOTHING) * got + SMOOTHING * wanted
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(wanted > 0, wanted * np.log(wanted / mixed), 0.0)
    values: Float64 = parts.sum(axis=1)
    values[empty] = np.nan
    return values


def shares(weights: Csr, groups: AnyArray) -> Float64:
    """Return users x groups shares of weights; a row without any kind is 0."""
    known = np.flatnonzero(groups >= 0)
    member = sp.csr_matrix(
        (np.ones(len(known)), (known, groups[known])), shape=(len(groups), int(groups.max(initial=-1)) + 1)
    )
    amounts = np.asarray((weights @ member).todense(), dtype=np.float64)
    total = amounts.sum(axis=1, keepdims=True)
    parts: Float64 = np.divide(amounts, total, out=np.zeros_like(amounts), where=total > 0)
    return parts


def _incidence(lists: Int32, items: int) -> Csr:
    """Return users x items ones for what the lists hold."""
    filled = lists >= 0
    rows = np.repeat(np.arange(lists.shape[0]), filled.sum(axis=1))
    return sp.csr_matrix((np.ones(len(rows)), (rows, lists[filled])), shape=(lists.shape[0], items))
