"""Fit models on one split and measure their lists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from time import perf_counter

from recommender.arrays import Float64
from recommender.base import Recommender
from recommender.columns import OBJECTIVES, Objective
from recommender.errors import DataError
from recommender.validation.intervals import compare
from recommender.validation.measures import Measures, rating_errors
from recommender.validation.report import ModelResult, Report
from recommender.validation.splits import Split

Say = Callable[[str], None]


def evaluate_split(
    split: Split,
    models: Sequence[Recommender] | Mapping[str, Recommender],
    *,
    k: int = 10,
    seed: int = 0,
    resamples: int = 1000,
    objectives: Sequence[Objective] = OBJECTIVES,
    cut: str | None = None,
    days: float | None = None,
    rejected: dict[str, int] | None = None,
    category: str | None = None,
    measures: Measures | None = None,
    say: Say | None = None,
) -> Report:
    """Fit models on a split's training set and compare them on its truth; see protocol.evaluate.

    ``models`` are unfitted, under labels of their own or under their names. ``measures`` of this split
    can be given where many are measured one by one.
    """
    measures = measures or Measures(split, category)
    labelled = models if isinstance(models, Mapping) else {model.name: model for model in models}
    if len(labelled) < len(models):
        raise DataError("two models have the same name: give them labels of their own")
    lines: list[ModelResult] = []
    per_user: dict[tuple[str, str], Float64] = {}
    asked: dict[str, tuple[str, ...]] = {}
    for label, model in labelled.items():
        start = perf_counter()
        model.fit(split.train)
        fit_seconds = perf_counter() - start
        rmse, mae = rating_errors(model, split)
        for goal in objectives:
            rows = split.evaluated(goal)
            if not len(rows):
                continue
            users = tuple(split.train.users[int(row)] for row in rows)
            lists = model.recommend(users, k, goal)
            figures, values = measures.of(lists.codes, rows, goal)
            per_user[label, goal.value], asked[goal.value] = values, users
            lines.append(
                ModelResult(
                    name=label,
                    objective=goal.value,
                    **asdict(figures),
                    rmse=rmse,
                    mae=mae,
                    interval=(float("nan"), float("nan")),
                    fit_seconds=fit_seconds,
                    fallback_share=lists.fallback_share,
                    users=len(rows),
                )
            )
            if say is not None:
                spent = perf_counter() - start
                say(f"{label} {goal.value}: NDCG@{k} {values.mean():.4f} ({spent:.1f} s)")
    if not lines:
        raise DataError("nobody with a history did anything in the window, so there is nothing to evaluate")
    lines, comparisons = compare(lines, per_user, resamples, seed)
    return Report(
        cut=cut,
        days=days,
        users=split.train.shape[0],
        items=split.train.shape[1],
        models=lines,
        comparisons=comparisons,
        rejected=rejected or {},
        category=measures.category,
        diversity_by=measures.diversity_by,
        per_user=per_user,
        asked=asked,
    )
