"""The second stage's view of a (user, item) pair: what is known about both before a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from recommender.arrays import AnyArray, Float32, Float64, Int32
from recommender.columns import ITEM
from recommender.dataset import Dataset
from recommender.history import History
from recommender.rhythm import FADING, WINDOWS, Rhythm, rhythm

RECENT, WEEK = 28.0, 7.0
#: Attribute columns that are looked at: the finest ones that still group items.
MOST_ATTRIBUTES = 5
#: Days since something that never happened.
NEVER = 1000.0

PAIR = (
    *("count", "days", *(f"faded{int(days)}" for days in FADING)),
    *("since", "first", "gap", "due", "share", *(f"days{int(days)}" for days in WINDOWS)),
    *("last_gap", "spread", "late", "visits", "rate", "place30", "place120"),
)
USER_STATS = ("active", "rows", "items", "since", "recent", "gap", "basket", "repeats")
ITEM_STATS = ("buyers", "recent", "week", "trend", "repeats", "gap", "depth", "age", "since", "returns")
GROUP = ("faded", "since", "due", "tried", "weight", "share", "loyal", "lag")


@dataclass(frozen=True)
class Histories:
    """Rows of several users in a block: ``lines`` (sorted) are positions within the block."""

    lines: Int32
    items: Int32
    ages: Float64
    users: int

    @classmethod
    def of(cls, history: History) -> "Histories":
        """Return one new history as a block of its own."""
        order = np.argsort(history.items, kind="stable")
        ages = np.zeros(len(order)) if history.ages is None else history.ages
        return cls(np.zeros(len(order), dtype=np.int32), history.items[order], ages[order], 1)


class PairFeatures:
    """Turn (line, item) pairs of a block into rows of figures.

    Built from one training set; looks at nothing else. Figures: the pair (times bought, days, faded
    counts, days since last and first, mean gap, due = since / gap, share of the user's days; days of the
    last weeks, the last gap, the spread of gaps, how many spreads late it is, visits since, share of the
    visits since the first, place among the user's items), the user, the item (also how many come back to
    it within four weeks), and for up to five attributes the same about the attribute's value (the user's
    taste for the kind, how many of its items they tried, how much of the kind's sales the item makes, how
    much of the user's purchases of the kind, and how long after this item they last bought of it).
    """

    def __init__(self, item_stats: Float32, groups: Sequence[Int32], names: Sequence[str]) -> None:
        self.item_stats = item_stats
        self.groups = tuple(groups)
        self.names = (
            *(f"pair:{name}" for name in PAIR),
            *(f"user:{name}" for name in USER_STATS),
            *(f"item:{name}" for name in ITEM_STATS),
            *(f"{name}:{kind}" for name in names for kind in GROUP),
        )

    @classmethod
    def learn(cls, dataset: Dataset, groups: Sequence[Int32], names: Sequence[str]) -> "PairFeatures":
        """Learn the items' figures from a training set."""
        return cls(_item_stats(dataset), groups, names)

    def rows(self, histories: Histories, lines: Int32, codes: Int32) -> Float32:
        """Return pairs x figures (float32)."""
        width = len(self.item_stats)
        out = np.empty((len(lines), len(self.names)), dtype=np.float32)
        own = rhythm(histories.lines, histories.items, histories.ages, width)
        visits = rhythm(histories.lines, np.floor(histories.ages).clip(0), histories.ages, _widest(histories))
        users = _user_stats(histories, own, visits)
        at = 0
        for column in (*_pair(own, visits, users, lines, codes, width), *users[:, lines]):
            out[:, at] = column
            at += 1
        out[:, at : at + len(ITEM_STATS)] = self.item_stats[codes]
        at += len(ITEM_STATS)
        for group in self.groups:
            for column in self._group(group, histories, own, lines, codes):
                out[:, at] = column
                at += 1
        return out

    def _group(
        self, group: Int32, histories: Histories, own: Rhythm, lines: Int32, codes: Int32
    ) -> list[AnyArray]:
        kinds = int(group.max(initial=-1)) + 2
        # Position 0 stands for items without a value.
        of = group + 1
        kind = rhythm(histories.lines, of[histories.items], histories.ages, kinds)
        place, there = kind.find(lines, of[codes], kinds)
        there &= of[codes] > 0
        tried = np.bincount(own.lines.astype(np.int64) * kinds + of[own.codes], minlength=1)
        key = lines.astype(np.int64) * kinds + of[codes]
        inside = key < len(tried)
        sales = self.item_stats[:, ITEM_STATS.index("recent")].astype(np.float64) + 1e-3
        whole = np.bincount(of, weights=sales, minlength=kinds)
        rows = np.maximum(np.bincount(histories.lines, minlength=histories.users), 1)
        gap = np.where(np.isnan(kind.gap), NEVER, kind.gap)
        mine, have = own.find(lines, codes, len(self.item_stats))
        bought = _at(kind.count, place, there, 1.0)
        return [
            _at(kind.faded[1], place, there, 0.0),
            _at(kind.since, place, there, NEVER),
            _at(kind.since / np.maximum(gap, 0.5), place, there, -1.0),
            np.where(there & inside, tried[np.minimum(key, len(tried) - 1)], 0),
            _at(kind.count, place, there, 0.0) / rows[lines],
            np.where(of[codes] > 0, sales[codes] / whole[of[codes]], 0.0),
            _at(own.count, mine, have, 0.0) / bought,
            np.where(
                have & there, _at(own.since, mine, have, 0.0) - _at(kind.since, place, there, 0.0), NEVER
            ),
        ]


def attribute_groups(
    attributes: pl.DataFrame | None, items: int
) -> tuple[tuple[Int32, ...], tuple[str, ...]]:
    """Return for each useful attribute the items' value codes (-1: none) and its name.

    Useful is what groups items: at least two values, on average at least two items each. The finest
    come first.
    """
    if attributes is None:
        return (), ()
    found: list[tuple[int, str, Int32]] = []
    for name in attributes.columns:
        if name == ITEM:
            continue
        text = attributes[name].cast(pl.String).str.strip_chars()
        text = text.set(text == "", None)
        values = text.drop_nulls().unique().sort()
        if not 2 <= len(values) <= items / 2:
            continue
        index = pl.Series(np.arange(len(values), dtype=np.int32))
        codes: Any = text.replace_strict(values, index, default=-1, return_dtype=pl.Int32).fill_null(-1)
        found.append((len(values), name, codes.to_numpy().astype(np.int32)))
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    kept = found[:MOST_ATTRIBUTES]
    return tuple(codes for _, _, codes in kept), tuple(name for _, name, _ in kept)


def _at(values: AnyArray, place: AnyArray, there: AnyArray, otherwise: float) -> AnyArray:
    if not len(values):
        return np.full(len(place), otherwise)
    return np.where(there, values[place], otherwise)


def _pair(
    own: Rhythm, visits: Rhythm, users: Float64, lines: Int32, codes: Int32, width: int
) -> list[AnyArray]:
    place, there = own.find(lines, codes, width)
    gap = own.gap
    due = np.where(np.isnan(gap), -1.0, own.since / np.maximum(np.nan_to_num(gap), 0.5))
    late = np.where(own.days > 2, (own.since - np.nan_to_num(gap)) / np.maximum(own.spread, 1.0), -NEVER)
    since, first = (_visits_since(visits, own.lines, ages) for ages in (own.since, own.first + 1))
    return [
        _at(own.count, place, there, 0.0),
        _at(own.days, place, there, 0.0),
        *(_at(faded, place, there, 0.0) for faded in own.faded),
        _at(own.since, place, there, NEVER),
        _at(own.first, place, there, NEVER),
        _at(np.nan_to_num(gap, nan=NEVER), place, there, NEVER),
        _at(due, place, there, -1.0),
        _at(own.days, place, there, 0.0) / np.maximum(users[0][lines], 1),
        *(_at(days, place, there, 0.0) for days in own.windows),
        _at(np.where(own.days > 1, own.last_gap, NEVER), place, there, NEVER),
        _at(np.where(own.days > 2, own.spread, -1.0), place, there, -1.0),
        _at(late, place, there, -NEVER),
        _at(since, place, there, NEVER),
        _at(own.days / np.maximum(first, 1), place, there, 0.0),
        _at(_places(own.lines, own.faded[1]), place, there, NEVER),
        _at(_places(own.lines, own.faded[2]), place, there, NEVER),
    ]


def _visits_since(visits: Rhythm, lines: AnyArray, ages: Float64) -> Float64:
    """Return how many of a line's visits are younger than an age."""
    if not len(visits.keys):
        return np.zeros(len(lines))
    width = int(visits.codes.max()) + 1
    keys = visits.lines.astype(np.int64) * width + visits.codes
    edge = np.minimum(np.floor(ages).clip(0).astype(np.int64), width)
    start = lines.astype(np.int64) * width
    return (np.searchsorted(keys, start + edge) - np.searchsorted(keys, start)).astype(np.float64)


def _places(lines: AnyArray, values: Float64) -> Float64:
    """Return each entry's place among its line's, the largest value first; lines ascend."""
    order = np.lexsort((-values, lines))
    places = np.empty(len(lines))
    places[order] = np.arange(len(lines)) - np.searchsorted(lines, lines[order])
    return places


def _user_stats(histories: Histories, own: Rhythm, visits: Rhythm) -> Float64:
    """Return figures x users; see USER_STATS."""
    size = histories.users

    def per_user(lines: AnyArray, weights: AnyArray | None = None) -> Float64:
        return np.bincount(lines, weights, minlength=size).astype(np.float64)

    active, rows = per_user(visits.lines), per_user(histories.lines)
    since, first = np.full(size, NEVER), np.zeros(size)
    np.minimum.at(since, histories.lines, histories.ages)
    np.maximum.at(first, histories.lines, histories.ages)
    distinct = per_user(own.lines)
    return np.stack(
        [
            active,
            rows,
            distinct,
            since,
            per_user(histories.lines, histories.ages < RECENT),
            np.where(active > 1, (first - since) / np.maximum(active - 1, 1), NEVER),
            rows / np.maximum(active, 1),
            per_user(own.lines, own.days > 1) / np.maximum(distinct, 1),
        ]
    )


def _widest(histories: Histories) -> int:
    return int(max(np.floor(histories.ages).max(initial=0), 0)) + 2


def _item_stats(dataset: Dataset) -> Float32:
    """Return items x figures; see ITEM_STATS."""
    items = len(dataset.items)
    ages = np.zeros(dataset.rows) if dataset.ages is None else dataset.ages
    pairs = rhythm(dataset.user_codes, dataset.item_codes, ages, items)

    def buyers(since: float, until: float) -> Float64:
        inside = (ages >= since) & (ages < until)
        keys = np.unique(
            dataset.item_codes[inside].astype(np.int64) * len(dataset.users) + dataset.user_codes[inside]
        )
        return np.bincount(keys // len(dataset.users), minlength=items).astype(np.float64)

    whole = np.bincount(pairs.codes, minlength=items).astype(np.float64)
    again = np.bincount(pairs.codes, pairs.days > 1, minlength=items)
    gaps = np.bincount(pairs.codes, np.nan_to_num(pairs.gap), minlength=items)
    last, first = np.full(items, NEVER), np.zeros(items)
    np.minimum.at(last, dataset.item_codes, ages)
    np.maximum.at(first, dataset.item_codes, ages)
    recent, before = buyers(-np.inf, RECENT), buyers(RECENT, 2 * RECENT)
    old, back = (np.bincount(pairs.codes, of, minlength=items) for of in (pairs.old, pairs.back))
    usual = back.sum() / max(old.sum(), 1)
    figures = [
        whole / len(dataset.users),
        recent / len(dataset.users),
        buyers(-np.inf, WEEK) / len(dataset.users),
        (recent + 1) / (before + 1),
        (again + 0.5) / (whole + 5),
        np.where(again > 0, gaps / np.maximum(again, 1), NEVER),
        np.bincount(pairs.codes, pairs.count, minlength=items) / np.maximum(whole, 1),
        first,
        last,
        (back + 5 * usual) / (old + 5),
    ]
    return np.stack(figures, axis=1).astype(np.float32)
