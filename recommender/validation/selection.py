"""Choose a model on a shop's own history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from recommender.base import Recommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.models import create_seeded
from recommender.ranking.boosting import available
from recommender.validation.bootstrap import paired_difference
from recommender.validation.protocol import Say, evaluate_split
from recommender.validation.report import Comparison, Report
from recommender.validation.splits import Split, validation_split

SAFE = "popularity"
#: Built of other models: each has to beat what stands before it, with an interval.
COMPOSED = ("hybrid", "two-stage")
#: What is tried for every shop, simple models first.
CANDIDATES = (
    "popularity",
    "recent-popularity",
    "trending",
    "group-popularity",
    "own-frequency",
    "due",
    "user-knn",
    "item-knn",
    "rp3beta",
    "gf-cf",
    "ease",
    "als",
    "content",
    *COMPOSED,
)
#: Settings of single models that are tried besides their defaults; the defaults come first.
SETTINGS: dict[str, tuple[dict[str, Any], ...]] = {
    "own-frequency": ({}, {"time_constant": 60.0}, {"time_constant": 240.0}),
    "user-knn": ({}, {"neighbours": 300}, {"neighbours": 300, "vote_time_constant": 200.0}),
    "item-knn": ({}, {"neighbours": 100, "weighting": "bm25"}),
    "rp3beta": ({}, {"alpha": 1.0, "beta": 0.6}),
    "ease": ({}, {"regularization": 1000.0}),
    "als": ({}, {"regularization": 1.0, "alpha": 5.0}),
}
#: Beyond these a model is left out, so that choosing stays within a quarter of an hour on two cores.
MOST_STEPS = 2e10
MOST_USERS_EASE = 5_000
MOST_PAIRS_GRAPH = 2_000_000
MOST_CELLS_TWO_STAGE = 1.5e9
#: Users of the window that are asked about.
ASKED = 4_000


@dataclass(frozen=True)
class Choice:
    """The model chosen for an objective, its settings, and the report it rests on.

    ``report`` is None where there was too little to measure. ``left_out`` names models that are too
    costly for a shop of this size.
    """

    name: str
    objective: str
    report: Report | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def make(self, seed: int = 0) -> Recommender:
        """Return the chosen model, unfitted."""
        return create_seeded(self.name, seed, **self.settings)


def choose(
    dataset: Dataset,
    objective: Objective | str = Objective.REPLENISH,
    models: Sequence[str] = CANDIDATES,
    *,
    days: float = 28.0,
    seed: int = 0,
    say: Say | None = None,
) -> Choice:
    """Return the model with the best NDCG@10 in the last window (a hold-out without timestamps).

    Each model learns only from what lies before the window. Of every single model some settings are
    tried. The hybrid and then the two-stage ranker, which learn their own weights on windows before
    that one, are taken only where the paired 95 % interval of their lead over the best model so far lies
    above 0. Where nobody can be evaluated, popularity is chosen. Nothing is known of the data but the
    data. At most 4,000 users are asked about; costs one fit for each setting.
    """
    goal = Objective(objective)
    split = _sampled(validation_split(dataset, days, seed), goal, seed)
    if not split.train.rows or not len(split.evaluated(goal)):
        return Choice(SAFE, goal.value, None)
    wanted = [name for name in models if _affordable(name, split.train)]
    left_out = tuple(name for name in models if name not in wanted)
    if say is not None and left_out:
        say(f"left out for this shop's size: {', '.join(left_out)}")
    found: dict[str, _Trial] = {}
    for name in wanted:
        for settings in _settings(name, found, split.train):
            trial = _Trial(name, settings, _measure(split, name, settings, goal, seed, say))
            if name not in found or trial.score > found[name].score:
                found[name] = trial
    if not found:
        return Choice(SAFE, goal.value, None, left_out=left_out)
    singles = [trial for name, trial in found.items() if name not in COMPOSED]
    best = max(singles, key=lambda trial: trial.score, default=None)
    for trial in (found[name] for name in COMPOSED if name in found):
        if best is None or trial.leads(best, goal, seed):
            best = trial
    assert best is not None  # noqa: S101 - found is not empty
    return Choice(best.name, goal.value, _joined(list(found.values()), goal, seed), best.settings, left_out)


@dataclass(frozen=True)
class _Trial:
    """One model with its settings, measured."""

    name: str
    settings: Mapping[str, Any]
    report: Report

    @property
    def score(self) -> float:
        return self.report.models[0].ndcg10

    def values(self, goal: Objective) -> Any:
        return self.report.per_user[self.name, goal.value]

    def leads(self, other: "_Trial", goal: Objective, seed: int) -> bool:
        """Say whether this one is ahead beyond chance, over the same users."""
        return paired_difference(self.values(goal), other.values(goal), seed=seed).low > 0


def _measure(
    split: Split, name: str, settings: Mapping[str, Any], goal: Objective, seed: int, say: Say | None
) -> Report:
    model = create_seeded(name, seed, **settings)
    if say is not None and settings and name not in COMPOSED:
        say(f"{name} with {', '.join(f'{key} {value}' for key, value in settings.items())}")
    return evaluate_split(split, [model], seed=seed, objectives=(goal,), resamples=200, say=say)


def _settings(name: str, found: Mapping[str, _Trial], train: Dataset) -> Sequence[Mapping[str, Any]]:
    """Return what to try; a composed model takes its parts as they did best alone."""
    if name not in COMPOSED:
        return SETTINGS.get(name, ({},))
    parts = {part: dict(trial.settings) for part, trial in found.items() if trial.settings}
    return ({"settings": parts, "leave_out": tuple(n for n in CANDIDATES if not _affordable(n, train))},)


def _sampled(split: Split, goal: Objective, seed: int) -> Split:
    """Return the split with the truth of at most ASKED users."""
    rows = split.evaluated(goal)
    if len(rows) <= ASKED:
        return split
    kept = np.zeros(split.truth.shape[0])
    kept[np.random.default_rng(seed).choice(rows, ASKED, replace=False)] = 1
    truth = (sp.diags(kept) @ split.truth).tocsr().astype(np.float32)
    truth.eliminate_zeros()
    return Split(split.train, truth)


def _affordable(name: str, train: Dataset) -> bool:
    """Say whether a model's fit stays within minutes at this size."""
    users, items = train.shape
    pairs = train.seen
    if name == "ease":
        return users <= MOST_USERS_EASE
    if name == "user-knn":
        return float((np.bincount(pairs.indices, minlength=items).astype(float) ** 2).sum()) <= MOST_STEPS
    if name in ("item-knn", "rp3beta"):
        return float((np.diff(pairs.indptr).astype(float) ** 2).sum()) <= MOST_STEPS
    if name == "gf-cf":
        return int(pairs.nnz) <= MOST_PAIRS_GRAPH
    if name == "two-stage":
        return available() and float(users) * items <= MOST_CELLS_TWO_STAGE
    return True


def _joined(trials: Sequence[_Trial], goal: Objective, seed: int) -> Report:
    """Return one report over all trials, every pair compared."""
    order = sorted(trials, key=lambda trial: -trial.score)
    comparisons = []
    for place, first in enumerate(order):
        for second in order[place + 1 :]:
            ahead = paired_difference(first.values(goal), second.values(goal), resamples=200, seed=seed)
            comparisons.append(
                Comparison(first.name, second.name, goal.value, ahead.mean, (ahead.low, ahead.high))
            )
    return replace(
        trials[0].report,
        models=[trial.report.models[0] for trial in trials],
        comparisons=comparisons,
        per_user={(trial.name, goal.value): trial.values(goal) for trial in trials},
    )
