"""Evaluate models by what customers did after a cut: the protocol CJ-28 and its like."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from time import perf_counter

import numpy as np
import polars as pl

from recommender.base import Recommender
from recommender.columns import ITEM, OBJECTIVES, TIME, USER, Objective
from recommender.dataset import DAY, Dataset
from recommender.errors import DataError
from recommender.metrics.ranking import coverage, ndcg, recall
from recommender.models import LINE_UP, create_seeded
from recommender.reading import clean_interactions, moment
from recommender.validation.bootstrap import Bootstrap
from recommender.validation.report import Comparison, ModelResult, Report
from recommender.validation.splits import Split, holdout, truth_matrix

Say = Callable[[str], None]


def evaluate(
    interactions: pl.DataFrame,
    cut: str | float | date | datetime | None = None,
    days: float = 28.0,
    models: Sequence[str | Recommender] = LINE_UP,
    *,
    items: pl.DataFrame | None = None,
    min_item_users: int = 5,
    k: int = 10,
    seed: int = 0,
    resamples: int = 1000,
    objectives: Sequence[Objective] = OBJECTIVES,
    say: Say | None = None,
) -> Report:
    """Train on what lies before ``cut``, ask about the ``days`` after it, compare the models in pairs.

    ``models`` are names or unfitted models. Full ranking over the catalogue (items with at least
    ``min_item_users`` users before the cut); evaluated are users with a training row and at least one
    true item; ``discover`` masks and does not count what a user already had. Without timestamps, and
    so without ``cut``, a seeded 80/20 hold-out of each user's items serves. Names ending in 10 in the
    report assume k = 10.
    """
    split, rejected, edge = _split(interactions, cut, days, items, min_item_users, seed)
    return evaluate_split(
        split,
        models,
        k=k,
        seed=seed,
        resamples=resamples,
        objectives=objectives,
        cut=edge,
        days=None if edge is None else days,
        rejected=rejected,
        say=say,
    )


def evaluate_split(
    split: Split,
    models: Sequence[str | Recommender],
    *,
    k: int = 10,
    seed: int = 0,
    resamples: int = 1000,
    objectives: Sequence[Objective] = OBJECTIVES,
    cut: str | None = None,
    days: float | None = None,
    rejected: dict[str, int] | None = None,
    say: Say | None = None,
) -> Report:
    """Fit models on a split's training set and compare them on its truth; see evaluate."""
    lines: list[ModelResult] = []
    per_user: dict[tuple[str, str], np.ndarray] = {}
    for entry in models:
        model = create_seeded(entry, seed) if isinstance(entry, str) else entry
        start = perf_counter()
        model.fit(split.train)
        fit_seconds = perf_counter() - start
        for goal in objectives:
            truth, rows = split.truth_for(goal), split.evaluated(goal)
            if not len(rows):
                continue
            lists = model.recommend([split.train.users[int(row)] for row in rows], k, goal)
            values = ndcg(lists.codes, truth[rows])
            per_user[model.name, goal.value] = values
            lines.append(
                ModelResult(
                    name=model.name,
                    objective=goal.value,
                    ndcg10=float(values.mean()),
                    recall10=float(recall(lists.codes, truth[rows]).mean()),
                    coverage10=coverage(lists.codes, len(split.train.items)),
                    interval=(float("nan"), float("nan")),
                    fit_seconds=fit_seconds,
                    fallback_share=lists.fallback_share,
                    users=len(rows),
                )
            )
            if say is not None:
                spent = perf_counter() - start
                say(f"{model.name} {goal.value}: NDCG@{k} {values.mean():.4f} ({spent:.1f} s)")
    if not lines:
        raise DataError("nobody with a history did anything in the window, so there is nothing to evaluate")
    lines, comparisons = _intervals(lines, per_user, resamples, seed)
    return Report(
        cut, days, split.train.shape[0], split.train.shape[1], lines, comparisons, rejected or {}, per_user
    )


def _split(
    interactions: pl.DataFrame,
    cut: str | float | date | datetime | None,
    days: float,
    items: pl.DataFrame | None,
    min_item_users: int,
    seed: int,
) -> tuple[Split, dict[str, int], str | None]:
    cleaned = clean_interactions(interactions)
    if cut is None:
        if cleaned.has_time:
            raise DataError(
                "the interactions have timestamps: say where to cut them (for example 2017-11-06)"
            )
        dataset = Dataset.from_clean(cleaned, items, min_item_users=min_item_users)
        return holdout(dataset, seed), cleaned.rejected, None
    if not cleaned.has_time:
        raise DataError(
            "the interactions have no timestamp column, so a cut in time is not possible; leave it out"
        )
    if days <= 0:
        raise DataError(f"days must be above 0, not {days:g}")
    edge = moment(cut)
    if cleaned.frame.filter(pl.col(TIME) < edge).is_empty():
        raise DataError(f"no interactions before the cut {cut}")
    train = Dataset.from_clean(cleaned, items, as_of=edge, min_item_users=min_item_users)
    after = cleaned.frame.filter((pl.col(TIME) >= edge) & (pl.col(TIME) < edge + days * DAY))
    if after.is_empty():
        raise DataError(f"no interactions in the {days:g} days from the cut {cut}")
    users, codes = train.users.codes(after[USER].to_list()), train.items.codes(after[ITEM].to_list())
    known = (users >= 0) & (codes >= 0)
    return Split(train, truth_matrix(users[known], codes[known], train)), cleaned.rejected, str(cut)


def _intervals(
    lines: list[ModelResult], per_user: dict[tuple[str, str], np.ndarray], resamples: int, seed: int
) -> tuple[list[ModelResult], list[Comparison]]:
    found: dict[tuple[str, str], tuple[float, float]] = {}
    comparisons: list[Comparison] = []
    for goal in dict.fromkeys(line.objective for line in lines):
        names = [line.name for line in sorted(lines, key=lambda line: -line.ndcg10) if line.objective == goal]
        values = np.column_stack([per_user[name, goal] for name in names])
        boot = Bootstrap(len(values), resamples, seed=seed)
        means, actual = boot.means(values), values.mean(axis=0)
        for i, name in enumerate(names):
            own = boot.interval(means[:, i], actual[i])
            found[name, goal] = (own.low, own.high)
            for j in range(i + 1, len(names)):
                pair = boot.interval(means[:, i] - means[:, j], actual[i] - actual[j])
                comparisons.append(Comparison(name, names[j], goal, pair.mean, (pair.low, pair.high)))
    results = [ModelResult(**{**vars(line), "interval": found[line.name, line.objective]}) for line in lines]
    return results, comparisons
