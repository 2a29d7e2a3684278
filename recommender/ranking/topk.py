"""The k best of each row, with ties settled the same way every time."""

import numpy as np

from recommender.arrays import Float32, Int32

#: From this many columns on, looking at the maxima of groups of columns first is worth it.
WIDE = 4096


def top_k(scores: Float32, k: int) -> tuple[Int32, Float32]:
    """Return positions and scores of the k best entries of each row, best first.

    ``scores`` is rows x items; -inf marks what must not appear: such places come back as position -1.
    Equal scores rank by position, so the result does not depend on how the search works. Cost: of wide
    rows one pass that takes maxima, and a partition of what can still be among the best; no full sort.
    """
    rows, columns = scores.shape
    if rows == 1 and 0 < k <= columns:
        return _of_one(scores[0], k)
    if columns < WIDE or 16 * k > columns or rows == 0:
        return _narrow(scores, k)
    groups, plain = _best_groups(scores, k)
    positions, values = _within(scores, groups, k)
    if len(plain):
        positions[plain], values[plain] = _narrow(scores[plain], k)
    return positions, values


def _of_one(scores: Float32, k: int) -> tuple[Int32, Float32]:
    """Search a single row, for which somebody waits: in few steps, each of which costs more than its data.

    The k-th best of the maxima of groups is a bound that k entries reach; what reaches it is sorted.
    """
    maxima = scores
    if (columns := len(scores)) >= WIDE and 16 * k <= columns:
        count = _group_count(columns, k)
        whole = columns - columns % count
        maxima = scores[:whole].reshape(-1, count).max(axis=0)
        rest = columns - whole
        np.maximum(maxima[:rest], scores[whole:], out=maxima[:rest])
    bound = np.partition(maxima, len(maxima) - k)[len(maxima) - k]
    reaching = np.flatnonzero(scores >= bound)
    picked = scores[reaching]
    # Stable, and ascending before: equal scores rank by position.
    order = np.argsort(-picked, kind="stable")[:k]
    positions, values = reaching[order].astype(np.int32), picked[order]
    positions[np.isneginf(values)] = -1
    return positions[None, :], values[None, :]


def _best_groups(scores: Float32, k: int) -> tuple[Int32, Int32]:
    """Return for each row the k groups of columns that hold its k best, and the rows where ties hide them.

    Column c is in group c modulo the number of groups. The k-th best group maximum is a bound that k
    entries reach, so only groups whose maximum reaches it matter. Where more than k do, the row is left
    to the plain search.
    """
    rows, columns = scores.shape
    count = _group_count(columns, k)
    whole = columns - columns % count
    best = scores[:, :whole].reshape(rows, whole // count, count).max(axis=1)
    rest = columns - whole
    if rest:
        np.maximum(best[:, :rest], scores[:, whole:], out=best[:, :rest])
    order = np.argpartition(best, count - k, axis=1)[:, count - k :]
    bound = np.take_along_axis(best, order, axis=1).min(axis=1)
    reaching = np.count_nonzero(best >= bound[:, None], axis=1)
    order.sort(axis=1)
    return order.astype(np.int32), np.flatnonzero(reaching > k).astype(np.int32)


def _within(scores: Float32, groups: Int32, k: int) -> tuple[Int32, Float32]:
    """Return the k best of each row within its groups."""
    rows, columns = scores.shape
    count = _group_count(columns, k)
    # Ascending columns, so that the narrow search settles ties by position here, too.
    codes = (np.arange(0, columns, count, dtype=np.int32)[None, :, None] + groups[:, None, :]).reshape(
        rows, -1
    )
    outside = codes >= columns
    codes[outside] = columns - 1
    picked = np.take_along_axis(scores, codes, axis=1)
    picked[outside] = -np.inf
    places, values = _narrow(picked, k)
    positions = np.take_along_axis(codes, np.maximum(places, 0), axis=1)
    positions[places < 0] = -1
    return positions, values


def _group_count(columns: int, k: int) -> int:
    """Balance the groups to partition (as many) against the entries to look at (k x columns / groups)."""
    return int(2 ** round(np.log2(np.sqrt(k * columns))))


def _narrow(scores: Float32, k: int) -> tuple[Int32, Float32]:
    """Search by one partition of each row."""
    rows, columns = scores.shape
    width = min(k, columns)
    if width <= 0 or rows == 0:
        return np.full((rows, k), -1, dtype=np.int32), np.full((rows, k), -np.inf, dtype=np.float32)
    if width < columns:
        # On rows that are mostly zeros the front of the negated row is found seven times as fast.
        chosen = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        picked = np.take_along_axis(scores, chosen, axis=1)
        _settle_edge(scores, chosen, picked)
        chosen.sort(axis=1)
    else:
        chosen = np.broadcast_to(np.arange(columns), (rows, columns))
    picked = np.take_along_axis(scores, chosen, axis=1)
    order = np.argsort(-picked, axis=1, kind="stable")
    positions = np.full((rows, k), -1, dtype=np.int32)
    values = np.full((rows, k), -np.inf, dtype=np.float32)
    positions[:, :width] = np.take_along_axis(chosen, order, axis=1)
    values[:, :width] = np.take_along_axis(picked, order, axis=1)
    positions[np.isneginf(values)] = -1
    return positions, values


def _settle_edge(scores: Float32, chosen: np.ndarray, picked: Float32) -> None:
    """Where more entries tie for the last places than fit, take those of the lowest position."""
    edge = picked.min(axis=1)
    kept = (picked == edge[:, None]).sum(axis=1)
    tied = np.count_nonzero(scores == edge[:, None], axis=1)
    for row in np.flatnonzero((tied > kept) & np.isfinite(edge)):
        better = chosen[row][picked[row] > edge[row]]
        level = np.flatnonzero(scores[row] == edge[row])[: kept[row]]
        chosen[row] = np.concatenate([better, level])
