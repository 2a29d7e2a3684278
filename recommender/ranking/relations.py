"""Similar items for a whole catalogue at once: by who buys both, else by what they are."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from sklearn.preprocessing import normalize

from recommender.arrays import AnyArray
from recommender.columns import ITEM
from recommender.dataset import Dataset
from recommender.models.user_knn import nearest

#: An item with fewer buyers has no neighbours by buyers: they would say more about those few people.
FEWEST_BUYERS = 3
#: Fewer neighbours by buyers than this are filled up by likeness of kind.
ENOUGH = 10
#: What the same kind and the same maker are worth beside a cosine, which is above 0 by buyers.
KIND, MAKER = 0.01, 0.02

Related = Iterator[tuple[str, list[str], list[float]]]


def likenesses(dataset: Dataset, k: int, kind: str = "category", maker: str = "brand") -> Related:
    """Yield for each item its k most similar ones with their likeness, best first.

    Likeness is the cosine between log-count columns of buyers, exact. Items with few such neighbours get
    the best-sellers of their own ``kind`` behind them, those of the same ``maker`` first. Costs the sum
    over users of their items squared, and k for each item without buyers.
    """
    counts = dataset.matrix(log=True)
    buyers = np.bincount(counts.indices, minlength=len(dataset.items))
    counts.data[buyers[counts.indices] < FEWEST_BUYERS] = 0
    counts.eliminate_zeros()
    near = nearest(normalize(counts.tocsc(), axis=0), k)
    kin = _Kin(dataset, buyers, kind, maker)
    for code, item in enumerate(dataset.items):
        row = slice(near.indptr[code], near.indptr[code + 1])
        order = np.argsort(-near.data[row], kind="stable")
        found = near.indices[row][order].tolist()
        scores = near.data[row][order].tolist()
        if len(found) < ENOUGH:
            taken = {code, *found}
            for other, worth in kin.of(code, 2 * k):
                if len(found) == k:
                    break
                if other not in taken:
                    found.append(other)
                    scores.append(worth)
        if found:
            yield item, [dataset.items[other] for other in found], scores


class _Kin:
    """Items of the same kind, best-sellers first."""

    def __init__(self, dataset: Dataset, buyers: AnyArray, kind: str, maker: str) -> None:
        self._kinds = _texts(dataset.attributes, kind)
        self._makers = _texts(dataset.attributes, maker)
        self._members: dict[str, list[int]] = {}
        self._made: dict[tuple[str, str], list[int]] = {}
        for code in np.argsort(-buyers, kind="stable").tolist() if self._kinds else ():
            if name := self._kinds[code]:
                self._members.setdefault(name, []).append(code)
                if self._makers and (by := self._makers[code]):
                    self._made.setdefault((name, by), []).append(code)

    def of(self, code: int, count: int) -> list[tuple[int, float]]:
        """Return items of the same kind with their worth, those of the same maker first."""
        if not self._kinds or not (name := self._kinds[code]):
            return []
        made = self._made.get((name, (self._makers[code] or "") if self._makers else ""), [])[:count]
        rest = self._members[name][:count]
        return [(other, MAKER) for other in made] + [(other, KIND) for other in rest]


def _texts(attributes: pl.DataFrame | None, column: str) -> list[str | None]:
    """Return an attribute of each item; none where there is no such column."""
    if attributes is None or column not in attributes.columns or column == ITEM:
        return []
    return attributes[column].cast(pl.String).to_list()
