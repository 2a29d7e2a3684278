"""Turn raw lists into lists a shop can show: rules, stock, margin, price, caps and variety."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from sklearn.preprocessing import normalize

from recommender.arrays import AnyArray, Bool, Csr, Float32, Float64, Int32
from recommender.base import Recommender
from recommender.columns import Objective
from recommender.errors import DataError
from recommender.ids import Ids
from recommender.lists import Recommendations


class Bought(StrEnum):
    """What happens to items the customer already has: as the objective says, never, or only those."""

    AS_OBJECTIVE = "as-objective"
    HIDE = "hide"
    ONLY = "only"


@dataclass(frozen=True)
class Rules:
    """What a list must keep to; everything is optional.

    ``only`` and ``exclude`` limit the catalogue, ``pin`` puts items first for everybody (in this order,
    where the other rules allow them). ``stock``: items below ``min_stock`` are left out; an item that is
    not named has enough. ``margin`` (share of the price, 0 to 1) with ``margin_weight`` w turns a score s
    of at most 1 into s * (1 + w * margin). ``price`` with ``price_band`` (low, high; None is open): items
    outside are left out, and so are those whose price is not known. ``category`` with ``category_cap``:
    at most so many of one category in a list. ``diversity`` from 0 (by score) to 1 (by unlikeness):
    maximal marginal relevance, Carbonell and Goldstein (1998).
    """

    only: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    pin: Sequence[str] = ()
    bought: Bought | str = Bought.AS_OBJECTIVE
    stock: Mapping[str, float] = field(default_factory=dict)
    min_stock: float = 1.0
    margin: Mapping[str, float] = field(default_factory=dict)
    margin_weight: float = 0.0
    price: Mapping[str, float] = field(default_factory=dict)
    price_band: tuple[float | None, float | None] = (None, None)
    category: Mapping[str, str] = field(default_factory=dict)
    category_cap: int | None = None
    diversity: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.diversity <= 1:
            raise DataError(f"diversity lies between 0 and 1, not {self.diversity:g}")
        if self.category_cap is not None and self.category_cap < 1:
            raise DataError(f"category_cap must be at least 1, not {self.category_cap}")
        if self.margin_weight < 0:
            raise DataError(f"margin_weight must be 0 or more, not {self.margin_weight:g}")

    def allowed(self, items: Ids) -> Bool:
        """Return which items of a catalogue may be shown to anybody."""
        keep = np.full(len(items), self.only is None)
        _mark(keep, items, self.only or (), value=True)
        _mark(keep, items, self.exclude, value=False)
        _mark(keep, items, [item for item, left in self.stock.items() if left < self.min_stock], value=False)
        low, high = self.price_band
        if low is not None or high is not None:
            price = np.array([self.price.get(item, np.nan) for item in items], dtype=np.float64)
            keep &= (price >= (-np.inf if low is None else low)) & (
                price <= (np.inf if high is None else high)
            )
        return keep


def recommend_by_rules(
    model: Recommender,
    users: Sequence[str],
    k: int = 10,
    objective: Objective | str = Objective.REPLENISH,
    rules: Rules | None = None,
    *,
    vectors: Csr | None = None,
    depth: int | None = None,
) -> Recommendations:
    """Return lists of a model that keep to the rules.

    Margin, caps and variety choose among the ``depth`` best allowed items (by default 5 k, at least 50).
    Variety compares rows of ``vectors`` (items x anything, such as attributes) by cosine; without them
    the items' buyers. Places that the fallback filled stay behind all others. A pinned item has the
    reason of the model.
    """
    rules = rules or Rules()
    goal = Objective(objective)
    policy = Bought(rules.bought)
    items = model.items_
    allowed = rules.allowed(items)
    if policy is Bought.HIDE:
        goal = Objective.DISCOVER
    deep = depth or max(5 * k, 50)
    if policy is Bought.ONLY:
        deep = len(items)
    lists = model.recommend(
        users, deep, goal, candidates=[items[int(code)] for code in np.flatnonzero(allowed)]
    )
    places = _Places(model, rules, vectors)
    seen = model.seen_
    rows = model.users_.codes(list(users))
    chosen = np.full((len(users), k), -1, dtype=np.int64)
    codes = lists.codes.copy()
    fallback = lists.is_fallback
    for line in range(len(users)):
        had = seen[rows[line]].indices if rows[line] >= 0 else np.zeros(0, dtype=np.int32)
        usable = codes[line] >= 0
        if policy is Bought.ONLY:
            usable &= np.isin(codes[line], had)
        picked = places.choose(codes[line], lists.scores[line], fallback[line], usable, k)
        chosen[line, : len(picked)] = picked
    at = np.maximum(chosen, 0)
    filled = chosen >= 0
    found = np.where(filled, np.take_along_axis(codes, at, 1), -1).astype(np.int32)
    scores = np.where(filled, np.take_along_axis(lists.scores, at, 1), 0).astype(np.float32)
    reasons = np.take_along_axis(lists.reasons, at, 1)
    whole = Recommendations(tuple(users), items, found, scores, reasons, lists.reason_names)
    return _pinned(whole, rules, allowed, model, policy, goal) if rules.pin else whole


class _Places:
    """Choose the places of one list after another."""

    def __init__(self, model: Recommender, rules: Rules, vectors: Csr | None) -> None:
        self._rules = rules
        items = model.items_
        if rules.diversity > 0:
            by = model.seen_.T.tocsr().astype(bool).astype(np.float32) if vectors is None else vectors
            self._vectors: Csr = normalize(by.tocsr())
        self._factor: Float64 | None = None
        if rules.margin and rules.margin_weight:
            margin = np.array([float(rules.margin.get(item, 0.0)) for item in items])
            self._factor = 1 + rules.margin_weight * margin
        self._kind: AnyArray | None = None
        if rules.category and rules.category_cap is not None:
            names = {name: number for number, name in enumerate(sorted(set(rules.category.values())))}
            # An item without a category is a category of its own, so no cap binds it.
            self._kind = np.array(
                [names.get(rules.category.get(item, ""), -1 - code) for code, item in enumerate(items)]
            )

    def choose(self, codes: Int32, scores: Float32, fallback: Bool, usable: Bool, k: int) -> list[int]:
        """Return positions within the list, best first."""
        own = np.flatnonzero(usable & ~fallback)
        worth = scores[own].astype(np.float64)
        # Scores of models that rank everything may be negative; only their order and spacing matter.
        low, high = (worth.min(), worth.max()) if len(worth) else (0.0, 1.0)
        worth = worth / high if low >= 0 and high > 0 else (worth - low + 1e-9) / (high - low + 1e-9)
        if self._factor is not None:
            worth = worth * self._factor[codes[own]]
        counts: dict[int, int] = {}
        picked = self._vary(own, worth, codes, counts, k)
        for place in np.flatnonzero(usable & fallback):
            if len(picked) == k:
                break
            if self._fits(int(codes[place]), counts):
                self._take(int(codes[place]), counts)
                picked.append(int(place))
        return picked

    def _vary(self, own: AnyArray, worth: Float64, codes: Int32, counts: dict[int, int], k: int) -> list[int]:
        variety = self._rules.diversity
        near = np.zeros(len(own))
        likeness = None
        if variety > 0 and len(own):
            vectors = self._vectors[codes[own]]
            likeness = (vectors @ vectors.T).toarray()
        open_ = np.ones(len(own), dtype=bool)
        picked: list[int] = []
        while len(picked) < k and open_.any():
            value = np.where(open_, (1 - variety) * worth - variety * near, -np.inf)
            best = int(np.argmax(value))
            open_[best] = False
            code = int(codes[own[best]])
            if not self._fits(code, counts):
                continue
            self._take(code, counts)
            picked.append(int(own[best]))
            if likeness is not None:
                near = np.maximum(near, likeness[best])
        return picked

    def _fits(self, code: int, counts: dict[int, int]) -> bool:
        if self._kind is None or self._rules.category_cap is None:
            return True
        return counts.get(int(self._kind[code]), 0) < self._rules.category_cap

    def _take(self, code: int, counts: dict[int, int]) -> None:
        if self._kind is not None:
            kind = int(self._kind[code])
            counts[kind] = counts.get(kind, 0) + 1


def _mark(keep: Bool, items: Ids, names: Sequence[str], *, value: bool) -> None:
    codes = items.codes(list(names))
    keep[codes[codes >= 0]] = value


def _pinned(
    lists: Recommendations, rules: Rules, allowed: Bool, model: Recommender, policy: Bought, goal: Objective
) -> Recommendations:
    """Put the pinned items first, each at most once, without breaking the other rules."""
    k = lists.codes.shape[1]
    pins = [int(code) for code in model.items_.codes(list(rules.pin)) if code >= 0 and allowed[code]]
    rows = model.users_.codes(list(lists.users))
    cap = _Places(model, rules, None) if rules.category_cap is not None else None
    codes, scores, reasons = lists.codes.copy(), lists.scores.copy(), lists.reasons.copy()
    own = lists.reason_names.index(model.name)
    for line in range(len(lists.users)):
        had = set(model.seen_[rows[line]].indices.tolist()) if rows[line] >= 0 else set()
        first = [
            code
            for code in dict.fromkeys(pins)
            if not (not goal.keeps_bought and code in had) and not (policy is Bought.ONLY and code not in had)
        ]
        before = {int(code): place for place, code in enumerate(lists.codes[line]) if code >= 0}
        counts: dict[int, int] = {}
        order: list[int] = []
        for code in [*first, *(code for code in before if code not in first)]:
            if len(order) < k and (cap is None or cap._fits(code, counts)):
                if cap is not None:
                    cap._take(code, counts)
                order.append(code)
        codes[line], scores[line] = -1, 0
        for place, code in enumerate(order):
            codes[line, place] = code
            at = before.get(code)
            scores[line, place] = 0 if at is None else lists.scores[line, at]
            reasons[line, place] = own if at is None else lists.reasons[line, at]
    return Recommendations(lists.users, lists.catalogue, codes, scores, reasons, lists.reason_names)
