"""Choose a model on a shop's own history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from recommender.arrays import Float64
from recommender.base import Recommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.models.families import FAMILIES, make_seeded
from recommender.ranking.boosting import available
from recommender.validation.bootstrap import paired_difference
from recommender.validation.measures import Measures
from recommender.validation.measuring import Say, evaluate_split
from recommender.validation.report import Comparison, ModelResult, Report
from recommender.validation.spaces import SPACES, around
from recommender.validation.splits import Split, holdout, last_window

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
#: Fewer answers than this settle little, so earlier windows are asked, too.
ENOUGH, MOST_WINDOWS = 500, 4
#: So many of the best single models are looked at more closely, where a fit costs little.
CLOSEST = 2
MOST_ROWS_AROUND = 300_000


Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """The model chosen for an objective, its settings, and the report it rests on.

    ``report`` is None where there was too little to measure. ``left_out`` names models that are too
    costly for a shop of this size; ``tuned`` holds the settings that each of the others did best with.
    """

    name: str
    objective: str
    report: Report | None
    settings: Settings = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    tuned: Mapping[str, Settings] = field(default_factory=dict)

    def make(self, seed: int = 0) -> Recommender:
        """Return the chosen model, unfitted."""
        return make_seeded(FAMILIES, self.name, seed, self.settings)

    def same(self, other: "Choice") -> bool:
        """Say whether both chose the same model with the same settings."""
        return (self.name, dict(self.settings)) == (other.name, dict(other.settings))


def choose(
    dataset: Dataset,
    objective: Objective | str = Objective.REPLENISH,
    models: Sequence[str] = CANDIDATES,
    *,
    days: float = 28.0,
    seed: int = 0,
    say: Say | None = None,
) -> Choice:
    """Return the best model for one objective; see choose_each."""
    goal = Objective(objective)
    return choose_each(dataset, [goal], models, days=days, seed=seed, say=say)[goal]


def choose_each(
    dataset: Dataset,
    objectives: Sequence[Objective],
    models: Sequence[str] = CANDIDATES,
    *,
    days: float = 28.0,
    seed: int = 0,
    say: Say | None = None,
) -> dict[Objective, Choice]:
    """Return for each objective the model with the best NDCG@10 in the last window (or hold-out).

    Where fewer than 500 users can be asked, up to three windows before it (other hold-outs) are asked as
    well. Each model learns only from what lies before a window, once for all objectives. Of every single
    model some settings are tried; around those of the best two the numbers are halved and doubled one by
    one. The hybrid and then the two-stage ranker, which learn their own weights on windows before that
    one, are taken only where the paired 95 % interval of their lead over the best model so far lies
    above 0. Where nobody can be evaluated, popularity is chosen. Nothing is known of the data but the
    data. At most 4,000 users are asked about; costs one fit for each setting.
    """
    splits = _windows(dataset, objectives, days, seed)
    askable = [goal for goal in objectives if any(len(split.evaluated(goal)) for split in splits)]
    found = {goal: Choice(SAFE, goal.value, None) for goal in objectives}
    if not askable:
        return found
    train = splits[0].train
    wanted = [name for name in models if _affordable(name, train)]
    left_out = tuple(name for name in models if name not in wanted)
    if say is not None and left_out:
        say(f"left out for this shop's size: {', '.join(left_out)}")
    contest = _Contest(splits, askable, seed, say)
    singles = [name for name in wanted if name not in COMPOSED]
    for name in singles:
        contest.enter(name, SETTINGS.get(name, ({},)))
    if train.rows <= MOST_ROWS_AROUND:
        contest.look_around(singles)
    for name in wanted:
        if name in COMPOSED:
            contest.enter(name, [_composed(contest, train)])
    for goal in askable:
        found[goal] = contest.choice(goal, left_out)
    return found


@dataclass(frozen=True)
class _Trial:
    """One model with its settings, measured for one objective: a value for each asked user and window."""

    name: str
    settings: Settings
    goal: Objective
    line: ModelResult
    values: Float64

    @property
    def score(self) -> float:
        return float(self.values.mean())

    def leads(self, other: "_Trial", seed: int) -> bool:
        """Say whether this one is ahead beyond chance, over the same users."""
        return paired_difference(self.values, other.values, seed=seed).low > 0


class _Contest:
    """Measure models on windows and keep each one's best settings for each objective."""

    def __init__(
        self, splits: Sequence[Split], goals: Sequence[Objective], seed: int, say: Say | None
    ) -> None:
        self.splits = splits
        self.goals = goals
        self.seed = seed
        self.say = say
        self.measures = [Measures(split) for split in splits]
        self.best: dict[Objective, dict[str, _Trial]] = {goal: {} for goal in goals}
        self._tried: dict[str, list[list[_Trial]]] = {}

    def enter(self, name: str, choices: Sequence[Settings]) -> None:
        """Measure a model with each of these settings, unless it was before."""
        tried = self._tried.setdefault(name, [])
        for settings in choices:
            if any(trials[0].settings == settings for trials in tried):
                continue
            trials = self._measure(name, settings)
            tried.append(trials)
            for trial in trials:
                best = self.best[trial.goal]
                if name not in best or trial.score > best[name].score:
                    best[name] = trial

    def _measure(self, name: str, settings: Settings) -> list[_Trial]:
        if self.say is not None and settings and name not in COMPOSED:
            self.say(f"{name} with {', '.join(f'{key} {value}' for key, value in settings.items())}")
        reports = [
            evaluate_split(
                split,
                [make_seeded(FAMILIES, name, self.seed, settings)],
                seed=self.seed,
                objectives=self.goals,
                resamples=1,
                measures=measures,
                say=self.say,
            )
            for split, measures in zip(self.splits, self.measures, strict=True)
        ]
        trials = []
        for goal in self.goals:
            told = [report for report in reports if (name, goal.value) in report.per_user]
            values = np.concatenate([report.per_user[name, goal.value] for report in told])
            line = replace(told[0].result(name, goal.value), ndcg10=float(values.mean()), users=len(values))
            trials.append(_Trial(name, settings, goal, line, values))
        return trials

    def look_around(self, names: Sequence[str]) -> None:
        """Move each number of the best models by a step either way, one number after the other."""
        for best in self.best.values():
            order = sorted((name for name in names if name in best), key=lambda name: -best[name].score)
            for name in order[:CLOSEST]:
                for key in SPACES.get(name, {}):
                    own = make_seeded(FAMILIES, name, self.seed, best[name].settings).get_params()
                    near = around(name, own)[key]
                    self.enter(name, [{**best[name].settings, key: value} for value in near])

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return each model's settings that did best over the objectives, where they are not its own.

        Objectives count alike: a score counts as its share of the best one.
        """
        found: dict[str, dict[str, Any]] = {}
        for name, tried in self._tried.items():
            tops = [max(self.best[goal][name].score, 1e-12) for goal in self.goals]
            shares = [
                sum(trial.score / top for trial, top in zip(trials, tops, strict=True)) for trials in tried
            ]
            settings = tried[int(np.argmax(shares))][0].settings
            if settings:
                found[name] = dict(settings)
        return found

    def choice(self, goal: Objective, left_out: tuple[str, ...]) -> Choice:
        """Return the best single model, or the composed one that leads beyond chance."""
        trials = self.best[goal]
        singles = [trial for name, trial in trials.items() if name not in COMPOSED]
        best = max(singles, key=lambda trial: trial.score, default=None)
        for trial in (trials[name] for name in COMPOSED if name in trials):
            if best is None or trial.leads(best, self.seed):
                best = trial
        if best is None:
            return Choice(SAFE, goal.value, None, left_out=left_out)
        report = _joined(list(trials.values()), self.splits[0].train, self.seed)
        tuned = {name: trial.settings for name, trial in trials.items()}
        return Choice(best.name, goal.value, report, best.settings, left_out, tuned)


def _composed(contest: _Contest, train: Dataset) -> Settings:
    """Return a composed model's settings: its parts as they did best alone, without the costly ones."""
    left_out = tuple(name for name in CANDIDATES if not _affordable(name, train))
    return {"settings": contest.settings(), "leave_out": left_out}


def _windows(dataset: Dataset, objectives: Sequence[Objective], days: float, seed: int) -> list[Split]:
    """Return the last window, and earlier ones until enough users are asked; without times hold-outs.

    A small shop's one window is chance: thirty users would choose by luck.
    """
    splits: list[Split] = []
    asked = 0
    for number in range(MOST_WINDOWS):
        if dataset.times is None:
            split = holdout(dataset, seed + number)
        else:
            split = last_window(splits[-1].train if splits else dataset, days)
        rows = max((len(split.evaluated(goal)) for goal in objectives), default=0)
        if not split.train.rows or not rows:
            break
        splits.append(_sampled(split, objectives[0], seed))
        asked += rows
        if asked >= ENOUGH:
            break
    return splits


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


def _joined(trials: Sequence[_Trial], train: Dataset, seed: int) -> Report:
    """Return one report over all trials, every pair compared."""
    order = sorted(trials, key=lambda trial: -trial.score)
    goal = trials[0].goal.value
    comparisons = []
    for place, first in enumerate(order):
        for second in order[place + 1 :]:
            ahead = paired_difference(first.values, second.values, resamples=200, seed=seed)
            comparisons.append(Comparison(first.name, second.name, goal, ahead.mean, (ahead.low, ahead.high)))
    return Report(
        cut=None,
        days=None,
        users=train.shape[0],
        items=train.shape[1],
        models=[trial.line for trial in trials],
        comparisons=comparisons,
        per_user={(trial.name, goal): trial.values for trial in trials},
    )
