"""Keep the ids of groups across refits."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from recommender.arrays import Float64, Int32

#: Groups that share less than this of their members (intersection over union) are different groups.
SAME = 0.2
#: Centres further apart than this (standard deviations per feature, root mean square) are too.
NEAR = 0.75


def by_members(labels: Int32, k: int, old_labels: Int32, old_k: int) -> dict[int, int]:
    """Return new group: old group by shared members; both label the same customers in the same order."""
    table = np.zeros((k, old_k))
    np.add.at(table, (labels, old_labels), 1)
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    jaccard = table / np.maximum(union, 1)
    rows, columns = linear_sum_assignment(-jaccard)
    return {int(row): int(col) for row, col in zip(rows, columns, strict=True) if jaccard[row, col] >= SAME}


def by_centres(centres: Float64, old_centres: Float64) -> dict[int, int]:
    """Return new group: old group by the least total distance of centres on the same scale."""
    gaps = np.sqrt(((centres[:, None, :] - old_centres[None, :, :]) ** 2).mean(axis=2))
    rows, columns = linear_sum_assignment(gaps)
    return {int(row): int(col) for row, col in zip(rows, columns, strict=True) if gaps[row, col] <= NEAR}


def assign_ids(
    k: int, matched: dict[int, int], old_ids: Sequence[str], next_number: int
) -> tuple[list[str], int]:
    """Return ids of the new groups and the next free number; an id is never given twice."""
    ids = []
    for group in range(k):
        if group in matched:
            ids.append(old_ids[matched[group]])
        else:
            ids.append(f"p{next_number}")
            next_number += 1
    return ids, next_number
