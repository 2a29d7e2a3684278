"""The fallback chain: who answers when a model has nothing to say, and how often that happens."""

from collections.abc import Sequence

import numpy as np

from recommender.base import Recommender
from recommender.columns import Objective
from recommender.errors import DataError
from recommender.lists import Recommendations


def recommend_by_chain(
    models: Sequence[Recommender],
    users: Sequence[str],
    k: int = 10,
    objective: Objective | str = Objective.REPLENISH,
    *,
    candidates: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
) -> Recommendations:
    """Return lists whose places the first model with an opinion fills, then the next one, and so on.

    All models must be fitted on the same catalogue. What none of them fills is the last one's fallback,
    popularity. Each place's reason is the name of the model that filled it; see reason_shares.
    """
    if not models:
        raise DataError("a chain needs at least one model")
    for model in models[1:]:
        if model.items_ != models[0].items_:
            raise DataError(f"{model.name} was fitted on another catalogue than {models[0].name}")
    lists = [model.recommend(users, k, objective, candidates=candidates, exclude=exclude) for model in models]
    names = tuple(dict.fromkeys(name for part in lists for name in part.reason_names))
    codes = np.full((len(users), k), -1, dtype=np.int32)
    scores = np.zeros((len(users), k), dtype=np.float32)
    reasons = np.zeros((len(users), k), dtype=np.uint8)
    for line in range(len(users)):
        taken: set[int] = set()
        for number, part in enumerate(lists):
            own = (part.codes[line] >= 0) & (~part.is_fallback[line] | (number == len(lists) - 1))
            for place in np.flatnonzero(own):
                code = int(part.codes[line, place])
                if len(taken) == k or code in taken:
                    continue
                at = len(taken)
                taken.add(code)
                codes[line, at], scores[line, at] = code, part.scores[line, place]
                reasons[line, at] = names.index(part.reason_names[int(part.reasons[line, place])])
    return Recommendations(tuple(users), models[0].items_, codes, scores, reasons, names)


def reason_shares(lists: Recommendations) -> dict[str, float]:
    """Return the share of filled places by reason, fallback among them."""
    filled = lists.reasons[lists.codes >= 0]
    counts = np.bincount(filled.astype(np.int64), minlength=len(lists.reason_names))
    return {
        name: float(count / max(len(filled), 1))
        for name, count in zip(lists.reason_names, counts, strict=True)
    }
