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
    sizes = np.diff(truth.indptr).astype(np.float64)
    sizes[sizes == 0] = np.nan
    shares: Float64 = hits(lists, truth).sum(axis=1) / sizes
    return shares


def coverage(lists: Int32, items: int) -> float:
    """Return the share of the catalogue that is in at least one list."""
    return len(np.unique(lists[lists >= 0])) / items if items else 0.0
