"""From scores to lists: what may appear, what stands below all evidence, and which k are best."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.arrays import AnyArray, Bool, Float32, Int32
from recommender.ids import Ids
from recommender.ranking.topk import top_k


@dataclass(frozen=True)
class Order:
    """How scores become lists.

    ``behind`` are the items' scores in the fallback, all below 0 (see fallback_scores).
    ``ranks_everything``: a score of 0 or below still ranks; else it means "no evidence" and the fallback
    steps in. ``allowed`` limits the catalogue; without ``keeps_bought`` what a row has is left out.
    """

    behind: Float32
    ranks_everything: bool
    allowed: Bool | None
    keeps_bought: bool

    def best(
        self, scores: Float32, blank: Bool, seen: tuple[AnyArray, AnyArray], k: int
    ) -> tuple[Int32, Float32, Bool]:
        """Return positions, scores and whether the fallback filled a place; overwrites ``scores``.

        ``blank`` marks rows without any history; ``seen`` holds (row, item) positions of what rows have.
        """
        if self.ranks_everything:
            scores[blank] = self.behind
        else:
            np.copyto(scores, self.behind[None, :], where=scores <= 0)
            scores[blank] = self.behind
        if self.allowed is not None:
            scores[:, ~self.allowed] = -np.inf
        if not self.keeps_bought:
            scores[seen] = -np.inf
        codes, values = top_k(scores, k)
        fallback = (codes >= 0) & (blank[:, None] | ((values < 0) & (not self.ranks_everything)))
        values = np.where(fallback | (codes < 0), np.float32(0), values)
        return codes, values, fallback


def fallback_scores(popularity: Float32) -> Float32:
    """Return each item's score in the fallback, all below 0: by buyers, then by id."""
    order = np.argsort(-popularity, kind="stable")
    scores = np.empty(len(order), dtype=np.float32)
    scores[order] = -1.0 - np.arange(len(order), dtype=np.float32)
    return scores


def allowed_items(
    catalogue: Ids, candidates: Sequence[str] | None, exclude: Sequence[str] | None
) -> Bool | None:
    """Return a mask of the catalogue; None where nothing is limited."""
    if candidates is None and not exclude:
        return None
    allowed = np.full(len(catalogue), candidates is None)
    if candidates is not None:
        codes = catalogue.codes(list(candidates))
        allowed[codes[codes >= 0]] = True
    codes = catalogue.codes(list(exclude or ()))
    allowed[codes[codes >= 0]] = False
    return allowed
