"""Auto: the model that did best on the shop's own history, for each objective its own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from recommender.arrays import Float32, Int32
from recommender.base import Progress, Recommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.history import History
from recommender.lists import Explanation, Recommendations
from recommender.models.selection import CANDIDATES, Choice, choose_each


class Auto(Recommender):
    """Let the shop's last window choose among ``models``, then learn the chosen from everything.

    ``objectives`` are those it is for; each gets its own choice, see selection.choose_each. Lists and
    explanations are those of the chosen model, under its name. Learned: ``parts_`` (objective: fitted
    model), ``choices_`` (objective: name, settings, each model's best settings and NDCG@10 there).
    """

    name = "auto"
    parts_: dict[str, Recommender]
    choices_: dict[str, dict[str, Any]]

    def __init__(
        self,
        models: Sequence[str] = CANDIDATES,
        objectives: Sequence[str] = ("replenish", "discover"),
        window_days: float = 28.0,
        seed: int = 0,
    ) -> None:
        self.models = models
        self.objectives = objectives
        self.window_days = window_days
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        goals = [Objective(goal) for goal in self.objectives]
        if not goals:
            raise DataError("auto: name at least one objective")
        choices = choose_each(
            dataset, goals, self.models, days=self.window_days, seed=self.seed, say=self._say
        )
        self.choices_ = {}
        for goal, choice in choices.items():
            self.choices_[goal.value] = _summary(choice)
            self._say(f"auto chose {choice.name} for {goal.value}")
        self.parts_ = _learn(dataset, {goal.value: choice for goal, choice in choices.items()}, self.seed)

    def _say(self, text: str) -> None:
        """Take a line of progress; a library keeps silent."""

    # --- everything else is the chosen model's --------------------------------------------------------
    def chosen(self, objective: Objective | str) -> Recommender:
        """Return the fitted model of an objective; raises DataError for one it was not made for."""
        self._check_fitted()
        goal = Objective(objective)
        if goal.value not in self.parts_:
            raise DataError(f"auto chose for {', '.join(self.parts_)} only, not for {goal.value}")
        return self.parts_[goal.value]

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the chosen model's scores of known users."""
        return self.chosen(objective).score_block(rows, objective)

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return the chosen model's scores of a new history."""
        return self.chosen(objective).score_history(history, objective)

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
        """Return the chosen model's lists."""
        return self.chosen(objective).recommend(
            users, k, objective, candidates=candidates, exclude=exclude, reasons=reasons, progress=progress
        )

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
        """Return the chosen model's list for a new history."""
        return self.chosen(objective).recommend_history(
            items,
            k,
            objective,
            days_ago=days_ago,
            weights=weights,
            candidates=candidates,
            exclude=exclude,
        )

    def causes(self, lists: Recommendations, objective: Objective | str = Objective.REPLENISH) -> Int32:
        """Return what the chosen model says carried each place."""
        return self.chosen(objective).causes(lists, objective)

    def explain(
        self, user: str, item: str, n: int = 3, objective: Objective | str = Objective.REPLENISH
    ) -> Explanation:
        """Return what carried the item's score in the chosen model."""
        return self.chosen(objective).explain(user, item, n, objective)

    def similar(self, item: str, k: int = 10) -> list[tuple[str, float]]:
        """Return the items most like this one, by the first objective's model."""
        self._check_fitted()
        return next(iter(self.parts_.values())).similar(item, k)


class Tuned(Auto):
    """A single model with the settings that did best on the windows of an ``auto`` fitted before.

    For comparing: is ``auto`` at or above each single model, tuned on the same windows? A model that
    ``auto`` left out keeps its own settings.
    """

    def __init__(self, auto: Auto, model: str) -> None:
        super().__init__(objectives=auto.objectives, window_days=auto.window_days, seed=auto.seed)
        self.auto = auto
        self.model = model

    def _fit(self, dataset: Dataset) -> None:
        choices = {
            goal: Choice(self.model, goal, None, told["tuned"].get(self.model, {}))
            for goal, told in self.auto.choices_.items()
        }
        self.choices_ = {goal: _summary(choice) for goal, choice in choices.items()}
        self.parts_ = _learn(dataset, choices, self.seed)


def _learn(dataset: Dataset, choices: Mapping[str, Choice], seed: int) -> dict[str, Recommender]:
    """Return a fitted model for each objective; those that chose alike share one."""
    fitted: list[tuple[Choice, Recommender]] = []
    parts: dict[str, Recommender] = {}
    for goal, choice in choices.items():
        model = next((model for other, model in fitted if other.same(choice)), None)
        if model is None:
            model = choice.make(seed).fit(dataset)
            fitted.append((choice, model))
        parts[goal] = model
    return parts


def _summary(choice: Choice) -> dict[str, Any]:
    """Return a choice as plain values, with what else was tried."""
    lines = choice.report.models if choice.report else []
    return {
        "name": choice.name,
        "settings": dict(choice.settings),
        "left_out": list(choice.left_out),
        "tuned": {name: dict(settings) for name, settings in choice.tuned.items()},
        "tried": {line.name: asdict(line)["ndcg10"] for line in lines},
    }
