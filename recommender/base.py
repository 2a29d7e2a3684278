"""The base of every model: fit, score in blocks, recommend, fold in, similar, explain."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from recommender.arrays import AnyArray, Bool, Csr, Float32, Int32, block_rows
from recommender.columns import FALLBACK, Objective
from recommender.dataset import Dataset
from recommender.errors import DataError, NotFittedError
from recommender.history import History, make_history
from recommender.ids import Ids
from recommender.lists import Because, Explanation, Recommendations
from recommender.ranking.bounded import Bounded
from recommender.ranking.order import Order, allowed_items, fallback_scores
from recommender.ranking.topk import top_k

Progress = Callable[[int, int], None]


class Recommender(ABC):
    """Base of all models, in scikit-learn's manner.

    ``__init__`` only stores parameters; ``fit`` returns self; what is learned ends in ``_`` and consists
    of arrays, sparse matrices, ids, numbers and texts, so that artifacts can store it without pickling.
    """

    name: ClassVar[str] = ""
    #: True where a score of 0 or below still ranks; else it means "no evidence" and the fallback steps in.
    ranks_everything: ClassVar[bool] = False

    users_: Ids
    items_: Ids
    seen_: Csr
    popularity_: Float32

    def get_params(self) -> dict[str, Any]:
        """Return the parameters as given to ``__init__``."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    # --- learning -----------------------------------------------------------------------------------
    def fit(self, dataset: Dataset) -> Self:
        """Learn from a dataset."""
        self.users_ = dataset.users
        self.items_ = dataset.items
        self.seen_ = dataset.seen
        buyers = np.bincount(self.seen_.indices, minlength=len(dataset.items))
        self.popularity_ = (buyers / len(dataset.users)).astype(np.float32)
        self.__dict__.pop("_behind", None)
        self._fit(dataset)
        return self

    @abstractmethod
    def _fit(self, dataset: Dataset) -> None:
        """Learn what this model needs besides ids, seen pairs and popularity."""

    # --- scoring ------------------------------------------------------------------------------------
    @abstractmethod
    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array of scores of known users (positions in ``users_``)."""

    @abstractmethod
    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the items' scores (one row) for somebody who was not there at training."""

    def score_sparse(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Csr | None:
        """Return score_block as a sparse matrix, where a model speaks of few items; None where of most.

        No score of such a model is negative.
        """
        return None

    def score_few(
        self, history: History, objective: Objective = Objective.REPLENISH
    ) -> tuple[AnyArray, Float32] | None:
        """Return score_history as distinct items, ascending, and scores, where a model speaks of few items.

        None where of most. No score of such a model is negative.
        """
        return None

    def score_bounded(self, history: History, objective: Objective = Objective.REPLENISH) -> Bounded | None:
        """Return score_history to be looked at bit by bit, where a model can bound what it has not scored."""
        return None

    def score_common(self, objective: Objective = Objective.REPLENISH) -> Float32 | None:
        """Return the scores where they are the same for everybody; None where they are not."""
        return None

    def score_pairs(self, rows: Int32, codes: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the scores of some items of each row (``codes``: rows x k positions)."""
        picked: Float32 = np.take_along_axis(self.score_block(rows, objective), codes, 1)
        return picked

    def fold_in(
        self,
        items: Sequence[str],
        *,
        days_ago: Sequence[float] | None = None,
        weights: Sequence[float] | None = None,
        objective: Objective | str = Objective.REPLENISH,
    ) -> Float32:
        """Return the scores of all items for a new history, without training again."""
        self._check_fitted()
        return self.score_history(make_history(self.items_, items, days_ago, weights), Objective(objective))

    # --- lists --------------------------------------------------------------------------------------
    def recommend(
        self,
        users: Sequence[str],
        k: int = 10,
        objective: Objective | str = Objective.REPLENISH,
        *,
        candidates: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        reasons: bool = False,
        progress: Progress | None = None,
    ) -> Recommendations:
        """Return the k best items for each user, users unknown or without history by the fallback.

        ``discover`` never returns an item the user already has. ``candidates`` and ``exclude`` limit the
        catalogue for everybody (stock, rules). ``reasons`` asks a composed model to name the part that
        carried each place. Runs in blocks of about 64 MB of scores.
        """
        self._check_fitted()
        if k < 1:
            raise DataError(f"k must be at least 1, not {k}")
        goal = Objective(objective)
        allowed = allowed_items(self.items_, candidates, exclude)
        codes = self.users_.codes(list(users))
        step = block_rows(len(self.items_))
        names = self._reason_names()
        parts: list[tuple[Int32, Float32, AnyArray]] = []
        for start in range(0, len(codes), step):
            block = codes[start : start + step]
            parts.append(self._recommend_block(block, k, goal, allowed, names, reasons))
            if progress is not None:
                progress(min(start + step, len(codes)), len(codes))
        if not parts:
            empty = np.empty((0, k))
            parts = [(empty.astype(np.int32), empty.astype(np.float32), empty.astype(np.uint8))]
        positions, scores, why = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Recommendations(tuple(users), self.items_, positions, scores, why, names)

    def recommend_history(
        self,
        items: Sequence[str],
        k: int = 10,
        objective: Objective | str = Objective.REPLENISH,
        *,
        days_ago: Sequence[float] | None = None,
        weights: Sequence[float] | None = None,
        candidates: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
    ) -> Recommendations:
        """Return one list for a history that was not there at training (user id: empty text)."""
        self._check_fitted()
        goal = Objective(objective)
        history = make_history(self.items_, items, days_ago, weights)
        allowed = allowed_items(self.items_, candidates, exclude)
        names = self._reason_names()
        codes, values, fallback, notes = self._list_of_history(history, k, goal, allowed)
        carried = self._history_reasons(codes, names, notes)
        why = np.where(fallback, names.index(FALLBACK), carried).astype(np.uint8)
        return Recommendations(("",), self.items_, codes, values, why, names, history)

    def _recommend_block(
        self,
        block: Int32,
        k: int,
        goal: Objective,
        allowed: Bool | None,
        names: tuple[str, ...],
        reasons: bool,
    ) -> tuple[Int32, Float32, AnyArray]:
        known = block >= 0
        rows = block[known]
        notes = None
        if known.all():
            (scores, notes), seen = self._scored(rows, goal), self.seen_[rows]
        else:
            scores = np.zeros((len(block), len(self.items_)), dtype=np.float32)
            if len(rows):
                scores[known], notes = self._scored(rows, goal)
            place = np.flatnonzero(known)
            spread = sp.csr_matrix(
                (np.ones(len(place)), (place, np.arange(len(place)))), (len(block), len(place))
            )
            seen = (spread @ self.seen_[rows]).tocsr()
        sizes = np.diff(seen.indptr)
        pairs = (np.repeat(np.arange(len(block)), sizes), seen.indices)
        codes, values, fallback = self._order(goal, allowed).best(scores, sizes == 0, pairs, k)
        why = np.full(codes.shape, names.index(self.name), dtype=np.uint8)
        if reasons and len(rows):
            why[known] = self._reasons(rows, codes[known], goal, names, notes)
        why[fallback] = names.index(FALLBACK)
        return codes, values, why

    def _scored(self, rows: Int32, goal: Objective) -> tuple[Float32, Any]:
        """Return score_block with whatever the model wants to keep of it for naming reasons."""
        return self.score_block(rows, goal), None

    def _history_reasons(self, codes: Int32, names: tuple[str, ...], notes: Any) -> AnyArray:
        """Return for each place of a new history's list the index of the reason's name."""
        return np.full(codes.shape, names.index(self.name), dtype=np.uint8)

    def _list_of_history(
        self, history: History, k: int, goal: Objective, allowed: Bool | None
    ) -> tuple[Int32, Float32, AnyArray, Any]:
        """Return a new history's list: 1 x k positions, scores, where the fallback stands, and notes.

        The notes are for _history_reasons. A model that need not score all items for it knows a better way.
        """
        return (*self._ordered(self.score_history(history, goal), history, k, goal, allowed), None)

    def _ordered(
        self, row: Float32, history: History, k: int, goal: Objective, allowed: Bool | None
    ) -> tuple[Int32, Float32, AnyArray]:
        """Return the k best of a new history's scores, and where the fallback stands."""
        blank = np.array([not len(history.items)])
        seen = (np.zeros(len(history.items), dtype=np.int32), history.items)
        return self._order(goal, allowed).best(row[None, :].copy(), blank, seen, k)

    def _hidden(self, history: History, goal: Objective, allowed: Bool | None) -> Bool:
        """Return a new mask of the items that a new history's list must not hold."""
        hidden = np.zeros(len(self.items_), dtype=np.bool_) if allowed is None else ~allowed
        if not goal.keeps_bought:
            hidden[history.items] = True
        return hidden

    def _order(self, goal: Objective, allowed: Bool | None) -> Order:
        return Order(self._behind, self.ranks_everything, allowed, goal.keeps_bought)

    @cached_property
    def _behind(self) -> Float32:
        return fallback_scores(self.popularity_)

    def _reason_names(self) -> tuple[str, ...]:
        return (FALLBACK, self.name)

    def _reasons(
        self, rows: Int32, codes: Int32, goal: Objective, names: tuple[str, ...], notes: Any
    ) -> AnyArray:
        """Return for each place the index of the reason's name; ``notes`` come from _scored."""
        return np.full(codes.shape, names.index(self.name), dtype=np.uint8)

    def causes(self, lists: Recommendations, objective: Objective | str = Objective.REPLENISH) -> Int32:
        """Return for each place of lists of this model the item of the user's history that carried it most.

        Users x k positions in ``items_``; -1 where no single item did, or the model cannot say.
        """
        rows = self.users_.codes(list(lists.users))
        found = np.full(lists.codes.shape, -1, dtype=np.int32)
        by_items = [n for n, name in enumerate(lists.reason_names) if name in self._named_by_items()]
        line, place = np.nonzero((lists.codes >= 0) & np.isin(lists.reasons, by_items) & (rows >= 0)[:, None])
        if len(line):
            found[line, place] = self._carriers(rows[line], lists.codes[line, place])
        return found

    def history_causes(
        self, lists: Recommendations, items: Sequence[str], *, days_ago: Sequence[float] | None = None
    ) -> Int32:
        """Return the same as causes for a list of recommend_history, from the history it was made of."""
        found = np.full(lists.codes.shape, -1, dtype=np.int32)
        by_items = np.array([name in self._named_by_items() for name in lists.reason_names])
        line, place = np.nonzero((lists.codes >= 0) & by_items[lists.reasons])
        if len(line):
            history = lists.history or make_history(self.items_, items, days_ago, None)
            found[line, place] = self._history_carriers(history, lists.codes[line, place])
        return found

    def _named_by_items(self) -> tuple[str, ...]:
        """Return the reasons whose places _carriers can name an item for."""
        return ()

    def _carriers(self, rows: Int32, codes: Int32) -> Int32:
        """Return for pairs of a user and an item the item of the history that carried it most, or -1."""
        return np.full(len(codes), -1, dtype=np.int32)

    def _history_carriers(self, history: History, codes: Int32) -> Int32:
        """Return for items the one of a new history that carried it most, or -1."""
        return np.full(len(codes), -1, dtype=np.int32)

    # --- relations and reasons ----------------------------------------------------------------------
    def similar(self, item: str, k: int = 10) -> list[tuple[str, float]]:
        """Return the k items most like this one with their similarity, best first.

        Unless a model knows better, likeness is the cosine between the items' sets of buyers.
        """
        code = self._item(item)
        likeness = self._similarity(code).copy()
        likeness[code] = -np.inf
        likeness[likeness <= 0] = -np.inf
        codes, values = top_k(likeness[None, :], k)
        pairs = zip(codes[0], values[0], strict=True)
        return [(self.items_[int(position)], float(value)) for position, value in pairs if position >= 0]

    def explain(
        self, user: str, item: str, n: int = 3, objective: Objective | str = Objective.REPLENISH
    ) -> Explanation:
        """Return what carried the item's score for a user; ``n`` limits the parts, not their truth."""
        code = self._item(item)
        row = int(self.users_.codes([user])[0])
        if row < 0 or self.seen_.indptr[row] == self.seen_.indptr[row + 1]:
            return self._fallback_explanation(code)
        goal = Objective(objective)
        rows = np.array([row], dtype=np.int32)
        score = float(self.score_block(rows, goal)[0, code])
        return self._explanation(code, score, self._because(row, code, goal), n)

    def _explanation(self, code: int, score: float, because: list[Because], n: int) -> Explanation:
        if score <= 0 and not self.ranks_everything:
            return self._fallback_explanation(code)
        because.sort(key=lambda part: -part.value)
        return Explanation(self.items_[code], score, self.name, tuple(because[:n]))

    def _fallback_explanation(self, code: int) -> Explanation:
        item = self.items_[code]
        return Explanation(item, 0.0, FALLBACK, (Because("popular", item, float(self.popularity_[code])),))

    def _because(self, row: int, code: int, goal: Objective) -> list[Because]:
        """Return the parts that add up to a known user's score of an item, in any order."""
        return []

    def _similarity(self, code: int) -> Float32:
        """Return every item's likeness to one."""
        taken = self.seen_.astype(bool).astype(np.float32)
        common = np.asarray((taken.T @ taken[:, [code]]).todense()).ravel()
        buyers = np.sqrt(np.maximum(self.popularity_ * len(self.users_), 1e-12))
        likeness: Float32 = (common / (buyers * buyers[code])).astype(np.float32)
        return likeness

    def _item(self, item: str) -> int:
        self._check_fitted()
        code = int(self.items_.codes([item])[0])
        if code < 0:
            raise DataError(f"item '{item}' is not in this model's catalogue")
        return code

    def _check_fitted(self) -> None:
        if not hasattr(self, "items_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted yet; call fit(dataset) first")


class ProfileRecommender(Recommender):
    """Base of models whose scores are a function of the customer's own profile row.

    Known users and new histories take the same way: a profile (1 row x items), then scores.
    """

    profile_: Csr

    @abstractmethod
    def _profile(self, source: Dataset | History) -> Csr:
        """Return what of the history the model looks at: rows x items, float32."""

    @abstractmethod
    def _score_profiles(self, profiles: Csr) -> Float32:
        """Return rows x items scores of profiles."""

    @abstractmethod
    def _parts(self, profile: Csr, code: int) -> list[Because]:
        """Return the parts that add up to one profile's score of an item."""

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array of scores of known users."""
        return self._score_profiles(self.profile_[rows])

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the items' scores for a new history."""
        row: Float32 = self._score_profiles(self._profile(history))[0]
        return row

    def _because(self, row: int, code: int, goal: Objective) -> list[Because]:
        return self._parts(self.profile_[row], code)


def history_parts(items: Ids, codes: AnyArray, values: AnyArray) -> list[Because]:
    """Return one part per item of a history that carries anything."""
    pairs = zip(codes, values, strict=True)
    return [Because("item", items[int(code)], float(value)) for code, value in pairs if value != 0]
