"""The first stage: which items of a user are worth a closer look."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.arrays import Bool, Csr, Float32, Int32


@dataclass(frozen=True)
class Source:
    """How many items one model may propose: ``unseen`` keeps its places for items the user never had."""

    depth: int
    unseen: bool = True


def propose(scores: Sequence[Float32], sources: Sequence[Source], seen: Csr) -> tuple[Int32, Int32]:
    """Return the union of every model's best items as (row, item) pairs, sorted.

    ``scores`` holds one rows x items block per model; an item without a score above 0 is nobody's
    proposal. Cost: one partition per model and row.
    """
    rows, items = seen.shape
    taken: Bool = np.zeros((rows, items), dtype=bool)
    had = (np.repeat(np.arange(rows), np.diff(seen.indptr)), seen.indices)
    for block, source in zip(scores, sources, strict=True):
        if not source.depth:
            continue
        behind = -block
        if source.unseen:
            behind[had] = 0
        if source.depth < items:
            chosen = np.argpartition(behind, source.depth - 1, axis=1)[:, : source.depth]
            line, place = np.nonzero(np.take_along_axis(behind, chosen, axis=1) < 0)
            taken[line, chosen[line, place]] = True
        else:
            taken |= behind < 0
    line, code = taken.nonzero()
    return line.astype(np.int32), code.astype(np.int32)
