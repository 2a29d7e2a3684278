"""Metrics of ranked lists against binary truth; one value per user, so that comparisons can be paired."""

import numpy as np

from recommender.arrays import AnyArray, Bool, Csr, Float64, Int32


def hits(lists: Int32, truth: Csr) -> Float64:
    """Return users x k ones where the list's item is true; ``lists`` holds positions, -1 for none."""
    found = np.zeros(lists.shape)
    for start in range(0, lists.shape[0], 4096):
        part = lists[start : start + 4096]
        place = part >= 0
        rows = np.broadcast_to(np.arange(start, start + part.shape[0])[:, None], part.shape)[place]
        found[start : start + 4096][place] = holds(truth, rows, part[place])
    return found


def holds(truth: Csr, rows: AnyArray, columns: AnyArray) -> Bool:
    """Say for each (row, column) whether the matrix has an entry there that is not zero."""
    if not len(rows) or not truth.nnz:
        return np.zeros(len(rows), dtype=bool)
    entries: Bool = np.asarray(truth[rows, columns]).ravel() != 0
    return entries


def discounts(k: int) -> Float64:
    """Return 1 / log2(rank + 1) for ranks 1 to k."""
    gains: Float64 = 1.0 / np.log2(np.arange(2, k + 2))
    return gains


def ndcg(lists: Int32, truth: Csr) -> Float64:
    """Return each user's binary NDCG@k; the ideal has min(k, number of true items) hits.

    Järvelin and Kekäläinen (2002), log base 2. Users without truth get nan.
    """
    return ndcg_of_hits(hits(lists, truth), np.diff(truth.indptr))


def ndcg_of_hits(found: AnyArray, sizes: AnyArray) -> Float64:
    """Return NDCG@k from users x k hits and each user's number of true items."""
    k = found.shape[1]
    ideal = np.concatenate([[np.nan], np.cumsum(discounts(k))])[np.minimum(sizes, k)]
    values: Float64 = (found @ discounts(k)) / ideal
    return values


def recall(lists: Int32, truth: Csr) -> Float64:
    """Return each user's share of true items in the list; nan without truth."""
    return recall_of_hits(hits(lists, truth), np.diff(truth.indptr))


def precision(lists: Int32, truth: Csr) -> Float64:
    """Return each user's share of the k places that hold a true item; an empty place is a miss."""
    return precision_of_hits(hits(lists, truth), np.diff(truth.indptr))


def f1(lists: Int32, truth: Csr) -> Float64:
    """Return each user's harmonic mean of precision and recall; 0 where both are 0."""
    return f1_of_hits(hits(lists, truth), np.diff(truth.indptr))


def average_precision(lists: Int32, truth: Csr) -> Float64:
    """Return each user's average precision at k, whose mean is MAP@k; see average_precision_of_hits."""
    return average_precision_of_hits(hits(lists, truth), np.diff(truth.indptr))


def reciprocal_rank(lists: Int32, truth: Csr) -> Float64:
    """Return one over the rank of each user's first true item, 0 without one; the mean is MRR@k."""
    return reciprocal_rank_of_hits(hits(lists, truth), np.diff(truth.indptr))


def hit_rate(lists: Int32, truth: Csr) -> Float64:
    """Return one for each user whose list holds a true item, else 0."""
    return hit_rate_of_hits(hits(lists, truth), np.diff(truth.indptr))


def precision_of_hits(found: AnyArray, sizes: AnyArray) -> Float64:
    """Return precision from users x k hits; nan where a user has nothing true."""
    return _asked(found.sum(axis=1) / found.shape[1], sizes)


def recall_of_hits(found: AnyArray, sizes: AnyArray) -> Float64:
    """Return recall from users x k hits and each user's number of true items; nan without any."""
    return _asked(found.sum(axis=1) / np.maximum(sizes, 1), sizes)


def f1_of_hits(found: AnyArray, sizes: AnyArray) -> Float64:
    """Return 2 x hits / (k + true items), which is the harmonic mean of precision and recall."""
    return _asked(2 * found.sum(axis=1) / (found.shape[1] + sizes), sizes)


def average_precision_of_hits(found: AnyArray, sizes: AnyArray) -> Float64:
    """Return the sum of the precisions at each hit, divided by min(k, number of true items).

    Manning, Raghavan, Schütze (2008), section 8.4, cut at k. Dividing by what a list of k can hold makes
    a perfect list 1, as in NDCG; a library that divides by all true items says less for long truths.
    """
    k = found.shape[1]
    along = np.cumsum(found, axis=1) / np.arange(1, k + 1)
    total: Float64 = (along * found).sum(axis=1)
    return _asked(total / np.clip(sizes, 1, k), sizes)


def reciprocal_rank_of_hits(found: AnyArray, sizes: AnyArray) -> Float64:
    """Return 1 / rank of the first hit, 0 without one."""
    first = found.argmax(axis=1)
    ranks: Float64 = found.any(axis=1) / (first + 1.0)
    return _asked(ranks, sizes)


def hit_rate_of_hits(found: AnyArray, sizes: AnyArray) -> Float64:
    """Return 1 where there is any hit."""
    return _asked(found.max(axis=1, initial=0), sizes)


def _asked(values: AnyArray, sizes: AnyArray) -> Float64:
    """Set users without truth to nan: nothing was asked about them."""
    asked: Float64 = np.where(sizes > 0, values, np.nan)
    return asked
