"""Hybrid: a weighted blend of models, its weights fitted on what customers did next."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np

from recommender.arrays import AnyArray, Bool, Csr, Float32, Float64, Int32
from recommender.base import Recommender
from recommender.columns import OBJECTIVES, Objective
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.history import History
from recommender.lists import Because
from recommender.models.als import ALS
from recommender.models.content import Content
from recommender.models.due import Due
from recommender.models.ease import EASE
from recommender.models.gf_cf import GFCF
from recommender.models.item_knn import ItemKNN
from recommender.models.own_frequency import OwnFrequency, OwnLasting, OwnRecent
from recommender.models.popularity import Popularity, RecentPopularity
from recommender.models.rp3beta import RP3Beta
from recommender.models.user_knn import UserKNN
from recommender.ranking.blend import gather, shrink
from recommender.ranking.shares import BlockShare, OfAll, OfBounded, OfFew, SameForAll, Share, best_by_bounds
from recommender.validation.splits import validation_split

PARTS: tuple[type[Recommender], ...] = (
    OwnFrequency,
    OwnRecent,
    OwnLasting,
    UserKNN,
    ItemKNN,
    Content,
    ALS,
    Popularity,
    RecentPopularity,
)
COMPONENTS = tuple(part.name for part in PARTS)
#: What may be asked for besides.
MORE: tuple[type[Recommender], ...] = (Due, RP3Beta, EASE, GFCF)
#: They say nothing about items the customer never had, so they take no part in discovering.
OWN = frozenset({OwnFrequency.name, OwnRecent.name, OwnLasting.name, Due.name})
#: Fewer users than this in the window settle nothing; the prior (or equal shares) stands.
FEWEST = 20

Weights = Mapping[str, Mapping[str, float]]


def _factors(weight: float, tops: AnyArray) -> Float32:
    """Return what each row is multiplied by, so that its best is worth the weight."""
    factors: Float32 = (weight / np.maximum(tops, 1e-9)).astype(np.float32)
    return factors


def _factor(weight: float, top: float) -> np.float32:
    """Return the same for one row."""
    return np.float32(weight / max(float(top), 1e-9))


class Hybrid(Recommender):
    """Score an item by a weighted sum of models' scores, each divided by its best for the user.

    The weights are fitted per objective: components learn from what lies before the last window
    (``window_days``; a seeded hold-out without timestamps), weights are searched for the best NDCG@10 in
    it, then components learn from everything. ``prior_weights`` ({objective: {component: weight}})
    start the search and pull its result: they count as ``prior_strength`` users (one number, or one for
    each objective) beside those of the window; an infinite strength takes them as they are. An objective
    without prior weights is fitted freely, whatever the strength. ``settings`` ({component: {parameter:
    value}}) change components' defaults, ``leave_out`` drops some. Learned: ``weights_`` (summing to 1 per
    objective), ``fitted_`` (before the prior), ``evidence_`` (users, ndcg10, source).
    """

    name = "hybrid"
    parts_: tuple[Recommender, ...]
    weights_: dict[str, dict[str, float]]
    fitted_: dict[str, dict[str, float]]
    evidence_: dict[str, dict[str, float | str]]

    def __init__(
        self,
        components: Sequence[str] = COMPONENTS,
        prior_weights: Weights | None = None,
        prior_strength: float | Mapping[str, float] = 0.0,
        window_days: float = 28.0,
        seed: int = 0,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        leave_out: Sequence[str] = (),
    ) -> None:
        self.components = components
        self.prior_weights = prior_weights
        self.prior_strength = prior_strength
        self.window_days = window_days
        self.seed = seed
        self.settings = settings
        self.leave_out = leave_out

    def _fit(self, dataset: Dataset) -> None:
        makers = self._makers()
        priors = {goal: self._prior(goal) for goal in OBJECTIVES}
        strengths = {goal: self._strength(goal) for goal in OBJECTIVES}
        self.weights_, self.fitted_, self.evidence_ = {}, {}, {}
        open_ = [goal for goal in OBJECTIVES if not np.isinf(strengths[goal])]
        for goal, prior in priors.items():
            if goal not in open_:
                self._note(goal, prior, prior, 0, None, "prior")
        self.__dict__.pop("_everybodys", None)
        if open_:
            self._search(dataset, makers, {goal: priors[goal] for goal in open_}, strengths)
        self.parts_ = tuple(make().fit(dataset) for make in makers)

    def _search(
        self,
        dataset: Dataset,
        makers: list[Callable[[], Recommender]],
        priors: dict[Objective, Float64],
        strengths: dict[Objective, float],
    ) -> None:
        split = validation_split(dataset, self.window_days, self.seed)
        users = {goal: len(split.evaluated(goal)) for goal in priors}
        wanted = {goal: self._useful(goal) for goal in priors if users[goal] >= FEWEST}
        evidence = {}
        if wanted:
            parts = [make().fit(split.train) for make in makers]
            evidence = gather(parts, split, wanted, seed=self.seed)
        for goal, prior in priors.items():
            if goal not in evidence:
                source = "prior" if self._given(goal) is not None else "equal shares"
                self._note(goal, prior, prior, users[goal], None, source)
                continue
            found = np.zeros(len(prior))
            found[wanted[goal]], result = evidence[goal].fit(prior[wanted[goal]])
            used = shrink(found, evidence[goal].users, prior, strengths[goal])
            self._note(goal, found, used, evidence[goal].users, result, "fitted")

    def _given(self, goal: Objective) -> Mapping[str, float] | None:
        return (self.prior_weights or {}).get(goal.value)

    def _strength(self, goal: Objective) -> float:
        """Return how many users the prior counts as; 0 where none was given for this objective."""
        given = self.prior_strength
        strength = float(given.get(goal.value, 0.0) if isinstance(given, Mapping) else given)
        if not strength >= 0:
            raise DataError(f"prior_strength for {goal.value} must be 0 or more, not {strength:g}")
        return strength if self._given(goal) is not None else 0.0

    def _note(
        self, goal: Objective, found: Float64, used: Float64, users: int, result: float | None, source: str
    ) -> None:
        self.fitted_[goal.value] = dict(zip(self._names, map(float, found), strict=True))
        self.weights_[goal.value] = dict(zip(self._names, map(float, used), strict=True))
        self.evidence_[goal.value] = {"users": users, "source": source}
        if result is not None:
            self.evidence_[goal.value]["ndcg10"] = result

    @property
    def _names(self) -> list[str]:
        return [name for name in self.components if name not in self.leave_out]

    def _makers(self) -> list[Callable[[], Recommender]]:
        known = {part.name: part for part in (*PARTS, *MORE)}
        unknown = [name for name in self.components if name not in known]
        if unknown or not self._names:
            raise DataError(
                f"hybrid: unknown component {', '.join(unknown) or '(none given)'}; "
                f"choose from {', '.join(known)}"
            )
        settings = self.settings or {}
        return [partial(known[name], **settings.get(name, {})) for name in self._names]

    def _useful(self, goal: Objective) -> AnyArray:
        useful = np.array([goal.keeps_bought or name not in OWN for name in self._names])
        return useful if useful.any() else ~useful

    def _prior(self, goal: Objective) -> Float64:
        """Return the starting weights, summing to 1."""
        start = self._useful(goal).astype(np.float64)
        given = self._given(goal)
        if given is not None:
            unknown = set(given) - set(self._names)
            if unknown:
                raise DataError(
                    f"prior_weights: {', '.join(sorted(unknown))} is not a component of this hybrid"
                )
            stated = np.array([float(given.get(name, 0.0)) for name in self._names])
            if (stated < 0).any() or not np.isfinite(stated).all() or (stated * start).sum() <= 0:
                raise DataError(f"prior_weights for {goal.value} must be 0 or more, with one above 0")
            start = stated * start
        shares: Float64 = start / start.sum()
        return shares

    # --- scoring ------------------------------------------------------------------------------------
    def _active(self, objective: Objective) -> list[tuple[Recommender, float]]:
        weights = self.weights_[objective.value]
        pairs = [(part, weights[part.name]) for part in self.parts_]
        return [(part, weight) for part, weight in pairs if weight > 0]

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array; holds two blocks at a time whatever the number of models."""
        return self._scored(rows, objective)[0]

    def _scored(self, rows: Int32, goal: Objective) -> tuple[Float32, list[BlockShare]]:
        """Return the blend, and what each part had in it.

        Parts that speak of few items (the customer's own, neighbours') are added up where they speak: a
        pass over all items costs as much as everything they have to say.
        """
        shape = (len(rows), len(self.items_))
        shares: list[BlockShare] = []
        total: Float32 | None = None
        few: Csr | None = None
        common: Float32 | None = None
        for part, weight in self._active(goal):
            if (same := part.score_common(goal)) is not None:
                factors = np.full(len(rows), _factor(weight, same.max()), dtype=np.float32)
                part_of_all: Float32 = same * factors[0]
                common = part_of_all if common is None else common + part_of_all
                shares.append(BlockShare(part, factors, None))
                continue
            matrix = part.score_sparse(rows, goal)
            if matrix is None:
                scores = part.score_block(rows, goal)
                factors = _factors(weight, scores.max(axis=1))
                scores *= factors[:, None]
                total = scores if total is None else np.add(total, scores, out=total)
            else:
                tops = np.asarray(matrix.max(axis=1).todense(), dtype=np.float32).ravel()
                factors = _factors(weight, tops)
                scaled = matrix.copy()
                scaled.data *= np.repeat(factors, np.diff(matrix.indptr))
                few = scaled if few is None else few + scaled
            shares.append(BlockShare(part, factors, matrix))
        if total is None:
            total = np.zeros(shape, dtype=np.float32)
        if common is not None:
            total += common
        if few is not None:
            lines = np.repeat(np.arange(len(rows), dtype=np.int64), np.diff(few.indptr))
            total.reshape(-1)[lines * shape[1] + few.indices] += few.data
        return total, shares

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Blend the components' scores of a new history."""
        return self._blended(self._shares(history, objective))

    def _blended(self, shares: Sequence[Share]) -> Float32:
        total = np.zeros(len(self.items_), dtype=np.float32)
        for share in shares:
            share.add_to(total)
        return total

    def _shares(self, history: History, goal: Objective) -> list[Share]:
        """Return what each part has in a new history's blend, each asked in the way that costs it least."""
        shares: list[Share] = []
        order = None
        for part, weight in self._active(goal):
            if part.score_common(goal) is not None:
                continue
            if (few := part.score_few(history, goal)) is not None:
                items, scores = few
                shares.append(OfFew(part.name, items, scores * _factor(weight, scores.max(initial=0))))
            elif order is None and (found := part.score_bounded(history, goal)) is not None:
                order = found.order
                shares.append(OfBounded(part.name, found, _factor(weight, found.most())))
            else:
                scores = part.score_history(history, goal)
                shares.append(OfAll(part.name, scores * _factor(weight, scores.max(initial=0))))
        return [*shares, *self._same_for_all(goal, order)]

    def _same_for_all(self, goal: Objective, order: Int32 | None) -> list[SameForAll]:
        """Return the shares of parts whose scores are everybody's; made once, for everybody."""
        if goal not in self._everybodys:
            pairs = [(part.name, weight, part.score_common(goal)) for part, weight in self._active(goal)]
            self._everybodys[goal] = [
                SameForAll(name, same * _factor(weight, same.max()), order)
                for name, weight, same in pairs
                if same is not None
            ]
        return self._everybodys[goal]

    @cached_property
    def _everybodys(self) -> dict[Objective, list[SameForAll]]:
        return {}

    def _list_of_history(
        self, history: History, k: int, goal: Objective, allowed: Bool | None
    ) -> tuple[Int32, Float32, AnyArray, Any]:
        """Blend what parts say of few items, and of all others only those that could be among the best."""
        shares = self._shares(history, goal)
        found = (
            best_by_bounds(shares, k, self._hidden(history, goal, allowed)) if len(history.items) else None
        )
        if found is None:
            return (*self._ordered(self._blended(shares), history, k, goal, allowed), shares)
        codes, scores = found
        return codes[None, :].astype(np.int32), scores[None, :], np.zeros((1, k), dtype=bool), shares

    def _history_reasons(self, codes: Int32, names: tuple[str, ...], notes: Sequence[Share]) -> AnyArray:
        places = np.maximum(codes, 0)
        # What no part speaks for stands under the blend's own name.
        values = np.stack([np.zeros(codes.shape, dtype=np.float32), *(part.at(places) for part in notes)])
        said = np.array([names.index(name) for name in (self.name, *(part.name for part in notes))])
        reasons: AnyArray = said[values.argmax(axis=0)].astype(np.uint8)
        return reasons

    def _reason_names(self) -> tuple[str, ...]:
        return (*super()._reason_names(), *self._names)

    def _reasons(
        self, rows: Int32, codes: Int32, goal: Objective, names: tuple[str, ...], notes: list[BlockShare]
    ) -> AnyArray:
        best = np.zeros(codes.shape, dtype=np.float32)
        reasons = np.full(codes.shape, names.index(self.name), dtype=np.uint8)
        for share in notes:
            value = share.at(rows, np.maximum(codes, 0), goal)
            reasons[value > best] = names.index(share.part.name)
            best = np.maximum(best, value)
        return reasons

    def _named_by_items(self) -> tuple[str, ...]:
        return (ItemKNN.name,)

    def _carriers(self, rows: Int32, codes: Int32) -> Int32:
        return self._by_items()._carriers(rows, codes)

    def _history_carriers(self, history: History, codes: Int32) -> Int32:
        return self._by_items()._history_carriers(history, codes)

    def _by_items(self) -> Recommender:
        return next(part for part in self.parts_ if part.name == ItemKNN.name)

    def _because(self, row: int, code: int, goal: Objective) -> list[Because]:
        because: dict[tuple[str, str], float] = {}
        for part, weight in self._active(goal):
            top = float(part.score_block(np.array([row], dtype=np.int32), goal).max())
            for piece in part._because(row, code, goal):
                key = (piece.kind, piece.id)
                because[key] = because.get(key, 0.0) + weight * piece.value / max(top, 1e-9)
        return [Because(kind, name, value) for (kind, name), value in because.items()]

    def _similarity(self, code: int) -> Float32:
        for name in (ItemKNN.name, Content.name):
            for part in self.parts_:
                if part.name == name:
                    likeness = part._similarity(code)
                    if (np.delete(likeness, code) > 0).any():
                        return likeness
        return super()._similarity(code)
