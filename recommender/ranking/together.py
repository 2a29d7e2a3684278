"""Bought together and bundles: pairs of items that share baskets more often than chance would have it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial, reduce
from typing import Self

import numpy as np
import polars as pl
import scipy.sparse as sp
from scipy.stats import chi2, hypergeom

from recommender.arrays import AnyArray, Csr, Float64, Int32
from recommender.columns import BASKET, ITEM, TIME, USER
from recommender.errors import DataError
from recommender.ids import Ids
from recommender.reading import Cleaned, clean_interactions

#: From this expected number of common baskets on, χ² stands in for the exact test (Cochran 1954).
ENOUGH = 5.0


@dataclass(frozen=True)
class Pair:
    """An item bought together with another: ``baskets`` common ones, ``lift`` over chance and its bound."""

    item: str
    baskets: int
    lift: float
    low: float
    p: float


@dataclass(frozen=True)
class Bundle:
    """Items that go together as a set; ``low`` is the weakest pair's lower bound of lift."""

    items: tuple[str, ...]
    baskets: int
    low: float


class Together:
    """Find pairs of items whose common baskets cannot be chance.

    A basket is a basket id, or one customer's rows of one instant. With a of n baskets holding both
    items, b and c holding each, lift is a n / (b c). A pair counts when at least ``min_baskets`` hold it
    and a one-sided test against independence (Fisher's exact; from five expected baskets on χ² with
    Yates' correction) passes Benjamini and Hochberg's control (1995) of false discoveries at ``level``
    over all co-occurring pairs. Pairs rank by a lower 95 % bound of lift, Wilson's (1927) for the share
    of the rarer item's baskets that hold both, so that rare accidents stay behind. Cost: the sum over
    baskets of their size squared.
    """

    items_: Ids
    baskets_: Csr
    pairs_: pl.DataFrame

    def __init__(self, min_baskets: int = 5, level: float = 0.01) -> None:
        self.min_baskets = min_baskets
        self.level = level

    def fit(self, interactions: pl.DataFrame | Cleaned) -> Self:
        """Learn from interactions with baskets or timestamps."""
        cleaned = interactions if isinstance(interactions, Cleaned) else clean_interactions(interactions)
        self.items_, self.baskets_ = _baskets(cleaned, self.min_baskets)
        self.pairs_ = self._pairs()
        return self

    def _pairs(self) -> pl.DataFrame:
        n = self.baskets_.shape[0]
        having = np.bincount(self.baskets_.indices, minlength=len(self.items_)).astype(np.float64)
        common = sp.triu(self.baskets_.T @ self.baskets_, k=1).tocoo()
        tested = max(common.nnz, 1)
        enough = common.data >= self.min_baskets
        a, left, right = common.data[enough].astype(np.float64), common.row[enough], common.col[enough]
        b, c = having[left], having[right]
        p = independence(a, b, c, n)
        # Pairs below min_baskets were looked at too, so they count among the tests.
        order = np.argsort(p, kind="stable")
        passed = np.flatnonzero(p[order] <= self.level * np.arange(1, len(p) + 1) / tested)
        kept = np.sort(order[: passed[-1] + 1]) if len(passed) else np.zeros(0, dtype=np.int64)
        a, b, c, left, right, p = (part[kept] for part in (a, b, c, left, right, p))
        lift = a * n / np.maximum(b * c, 1)
        frame = pl.DataFrame(
            {
                "left": left.astype(np.int32),
                "right": right.astype(np.int32),
                "baskets": a.astype(np.int64),
                "lift": lift,
                "low": wilson(a, np.minimum(b, c)) * n / np.maximum(np.maximum(b, c), 1),
                "p": p,
            }
        ).filter(pl.col("low") > 1)
        turned = frame.rename({"left": "right", "right": "left"}).select(frame.columns)
        return pl.concat([frame, turned]).sort(["left", "low", "right"], descending=[False, True, False])

    def bought_with(self, item: str, k: int = 10) -> list[Pair]:
        """Return what is bought together with an item, surest first; empty for an item without pairs."""
        code = int(self.items_.codes([item])[0])
        rows = self.pairs_.filter(pl.col("left") == code).head(k)
        return [
            Pair(self.items_[row["right"]], row["baskets"], row["lift"], row["low"], row["p"])
            for row in rows.iter_rows(named=True)
        ]

    def bundles_of(self, k: int = 5) -> Iterator[tuple[str, list[Bundle]]]:
        """Yield for each item up to k sets of three that it belongs to, most common baskets first.

        Every two of a set are bought together; ``baskets`` hold it whole. About 0.2 ms for each item.
        """
        ties = _ties(self.pairs_)
        columns = self.baskets_.tocsc()

        def holders(code: int) -> AnyArray:
            held: AnyArray = columns.indices[columns.indptr[code] : columns.indptr[code + 1]]
            return held

        for left in sorted(ties):
            found: dict[tuple[int, ...], Bundle] = {}
            for right in list(ties[left])[:k]:
                key = tuple(sorted(_grow([left, right], ties, 3)))
                if len(key) < 3 or key in found:
                    continue
                whole = reduce(partial(np.intersect1d, assume_unique=True), map(holders, key))
                if len(whole) >= self.min_baskets:
                    weakest = min(ties[i][j] for i in key for j in key if i != j)
                    found[key] = Bundle(tuple(self.items_[code] for code in key), len(whole), weakest)
            if found:
                best = sorted(found.items(), key=lambda entry: (-entry[1].baskets, entry[0]))
                yield self.items_[left], [bundle for _, bundle in best[:k]]

    def bundles(self, k: int = 10, size: int = 3, min_baskets: int | None = None) -> list[Bundle]:
        """Return sets of ``size`` items of which every two are bought together, most baskets first.

        Grown greedily from each pair by the item whose weakest tie to the set is strongest. A bundle is
        held whole by at least ``min_baskets`` baskets (as learned). No item stands in two bundles.
        """
        if size < 2:
            raise DataError(f"a bundle has at least 2 items, not {size}")
        floor = self.min_baskets if min_baskets is None else min_baskets
        ties = _ties(self.pairs_)
        columns = self.baskets_.tocsc()
        best: dict[tuple[int, ...], tuple[int, float]] = {}
        for left in sorted(ties):
            for right in list(ties[left])[:k]:
                grown = _grow([left, right], ties, size)
                key = tuple(sorted(grown))
                if len(key) == size and key not in best:
                    held = columns[:, list(key)].sum(axis=1)
                    weakest = min(ties[i][j] for i in key for j in key if i != j)
                    best[key] = (int((np.asarray(held) == size).sum()), weakest)
        found: list[Bundle] = []
        used: set[int] = set()
        for key, (held_by, low) in sorted(best.items(), key=lambda entry: (-entry[1][0], entry[0])):
            if held_by >= floor and not used & set(key):
                used |= set(key)
                found.append(Bundle(tuple(self.items_[code] for code in key), held_by, low))
                if len(found) == k:
                    break
        return found


def independence(a: Float64, b: Float64, c: Float64, n: int) -> Float64:
    """Return one-sided p values of a common baskets when b and c of n baskets hold each item."""
    expected = b * c / max(n, 1)
    p: Float64 = np.ones(len(a))
    exact = expected < ENOUGH
    p[exact] = hypergeom.sf(a[exact] - 1, n, b[exact], c[exact])
    a, b, c, expected = a[~exact], b[~exact], c[~exact], expected[~exact]
    off = np.maximum(np.abs(a - expected) - 0.5, 0)
    spread = b * c * (n - b) * (n - c) / float(max(n, 1)) ** 3
    half = chi2.sf(np.where(spread > 0, off**2 / np.where(spread > 0, spread, 1), 0), 1) / 2
    p[~exact] = np.where(a > expected, half, 1 - half)
    return p


def wilson(a: Float64, of: Float64, z: float = 1.96) -> Float64:
    """Return the lower bound of the share a / of, by Wilson's score interval."""
    of = np.maximum(of, 1)
    share, slack = a / of, z**2 / of
    root = np.sqrt(share * (1 - share) * slack + slack**2 / 4)
    bound: Float64 = np.maximum((share + slack / 2 - root) / (1 + slack), 0)
    return bound


def _baskets(cleaned: Cleaned, min_baskets: int) -> tuple[Ids, Csr]:
    frame = cleaned.frame
    if BASKET in frame.columns:
        keys = [USER, BASKET]
    elif TIME in frame.columns:
        keys = [USER, TIME]
    else:
        raise DataError("bought together needs a basket or a timestamp column")
    frame = frame.select(*keys, ITEM).drop_nulls().unique()
    frequent = frame.group_by(ITEM).len().filter(pl.col("len") >= min_baskets)
    items = Ids(frequent[ITEM].sort().to_list())
    number = (
        frame.select(pl.struct(keys).rank("dense").alias("basket"))["basket"].to_numpy().astype(np.int64) - 1
    )
    codes: Int32 = items.codes(frame[ITEM].to_list())
    kept = codes >= 0
    ones = np.ones(int(kept.sum()), dtype=np.int64)
    shape = (int(number.max(initial=-1)) + 1, len(items))
    return items, sp.csr_matrix((ones, (number[kept], codes[kept])), shape=shape)


def _ties(pairs: pl.DataFrame) -> dict[int, dict[int, float]]:
    """Return for each item its partners with the bound of lift, strongest first."""
    ties: dict[int, dict[int, float]] = {}
    for left, right, low in pairs.select("left", "right", "low").iter_rows():
        ties.setdefault(left, {})[right] = low
    return ties


def _grow(items: list[int], ties: dict[int, dict[int, float]], size: int) -> list[int]:
    while len(items) < size:
        shared = set.intersection(*(set(ties[item]) for item in items)) - set(items)
        if not shared:
            break
        items = [*items, max(shared, key=lambda other: (min(ties[i][other] for i in items), -other))]
    return items
