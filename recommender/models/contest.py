"""Measure models with several settings on windows of a shop's own past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recommender.arrays import Float64
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.models.families import FAMILIES, make_seeded
from recommender.validation.bootstrap import paired_difference
from recommender.validation.measures import Measures
from recommender.validation.measuring import Say, evaluate_split
from recommender.validation.report import Comparison, ModelResult, Report
from recommender.validation.spaces import SPACES, around
from recommender.validation.splits import Split

Settings = Mapping[str, Any]
#: Built of other models: each has to beat what stands before it, with an interval.
COMPOSED = ("hybrid", "two-stage")


@dataclass(frozen=True)
class Trial:
    """One model with its settings, measured for one objective: a value for each asked user and window."""

    name: str
    settings: Settings
    goal: Objective
    line: ModelResult
    values: Float64

    @property
    def score(self) -> float:
        return float(self.values.mean())

    def leads(self, other: "Trial", seed: int) -> bool:
        """Say whether this one is ahead beyond chance, over the same users."""
        return paired_difference(self.values, other.values, seed=seed).low > 0


class Contest:
    """Measure models on windows and keep each one's best settings for each objective."""

    def __init__(
        self, splits: Sequence[Split], goals: Sequence[Objective], seed: int, say: Say | None
    ) -> None:
        self.splits = splits
        self.goals = goals
        self.seed = seed
        self.say = say
        self.measures = [Measures(split) for split in splits]
        self.best: dict[Objective, dict[str, Trial]] = {goal: {} for goal in goals}
        self._tried: dict[str, list[list[Trial]]] = {}

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

    def _measure(self, name: str, settings: Settings) -> list[Trial]:
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
            trials.append(Trial(name, settings, goal, line, values))
        return trials

    def look_around(self, names: Sequence[str], closest: int) -> None:
        """Move each number of the ``closest`` best by a step either way, one number after the other."""
        for best in self.best.values():
            order = sorted((name for name in names if name in best), key=lambda name: -best[name].score)
            for name in order[:closest]:
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

    def winner(self, goal: Objective) -> Trial | None:
        """Return the best single model, or the composed one that leads beyond chance."""
        trials = self.best[goal]
        singles = [trial for name, trial in trials.items() if name not in COMPOSED]
        best = max(singles, key=lambda trial: trial.score, default=None)
        for trial in (trials[name] for name in COMPOSED if name in trials):
            if best is None or trial.leads(best, self.seed):
                best = trial
        return best

    def report(self, goal: Objective) -> Report:
        """Return one report over all models at their best, every pair compared."""
        return _joined(list(self.best[goal].values()), self.splits[0].train, self.seed)


def _joined(trials: Sequence[Trial], train: Dataset, seed: int) -> Report:
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
