"""What a model answers: lists of items for users, and what carried a score."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from recommender.arrays import AnyArray, Bool, Float32, Int32
from recommender.columns import FALLBACK, ITEM, RANK, REASON, SCORE, USER
from recommender.history import History
from recommender.ids import Ids


@dataclass(frozen=True)
class Because:
    """One thing that carried a score.

    ``kind``: ``own`` (id: the item itself, bought before), ``item`` (id: an item of the history),
    ``neighbour`` (id: a similar user; for counting, not for showing), ``attribute``
    (id: ``column=value``), ``popular`` (id: the item). ``value`` is its part of the score.
    """

    kind: str
    id: str
    value: float


@dataclass(frozen=True)
class Explanation:
    """Why an item got its score: ``reason`` names the model or ``fallback``; parts are largest first."""

    item: str
    score: float
    reason: str
    because: tuple[Because, ...] = ()


@dataclass(frozen=True)
class Recommendations:
    """Lists of items for users.

    ``codes``, ``scores`` and ``is_fallback`` are users x k; code -1 ends a list that could not be
    filled. A fallback entry has score 0. ``reasons`` holds indices into ``reason_names``.
    """

    users: tuple[str, ...]
    catalogue: Ids
    codes: Int32
    scores: Float32
    reasons: AnyArray
    reason_names: tuple[str, ...]
    #: What a list of recommend_history was made of, for whoever asks for its causes next.
    history: History | None = field(default=None, compare=False, repr=False)

    @property
    def is_fallback(self) -> Bool:
        """Say for each place whether the fallback filled it."""
        mask: Bool = (self.codes >= 0) & (self.reasons == self.reason_names.index(FALLBACK))
        return mask

    @property
    def fallback_share(self) -> float:
        """Return the share of filled places that the fallback filled."""
        filled = int((self.codes >= 0).sum())
        return float(self.is_fallback.sum() / filled) if filled else 0.0

    def for_user(self, position: int) -> list[tuple[str, float, str]]:
        """Return one user's list as (item id, score, reason), best first."""
        return [
            (self.catalogue[int(code)], float(score), self.reason_names[int(reason)])
            for code, score, reason in zip(
                self.codes[position], self.scores[position], self.reasons[position], strict=True
            )
            if code >= 0
        ]

    def rows(self) -> Iterator[tuple[str, int, str, float, str]]:
        """Yield (user, rank from 1, item, score, reason)."""
        for position, user in enumerate(self.users):
            for rank, (item, score, reason) in enumerate(self.for_user(position), start=1):
                yield user, rank, item, score, reason

    def with_more(self, others: "Sequence[Recommendations]") -> "Recommendations":
        """Return these lists and those of others below them, all of one model and one length."""
        every = (self, *others)
        return replace(
            self,
            users=tuple(user for lists in every for user in lists.users),
            codes=np.concatenate([lists.codes for lists in every]),
            scores=np.concatenate([lists.scores for lists in every]),
            reasons=np.concatenate([lists.reasons for lists in every]),
            history=None,
        )

    def frame(self) -> pl.DataFrame:
        """Return the rows as a frame with the columns user_id, rank, item_id, score, reason."""
        schema = {USER: pl.String, RANK: pl.Int32, ITEM: pl.String, SCORE: pl.Float64, REASON: pl.String}
        return pl.DataFrame(list(self.rows()), schema=schema, orient="row")
