"""Choose a model on a shop's own history."""

from collections.abc import Sequence
from dataclasses import dataclass

from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.models import LINE_UP
from recommender.validation.protocol import Say, evaluate_split
from recommender.validation.report import Report
from recommender.validation.splits import validation_split

SAFE = "popularity"


@dataclass(frozen=True)
class Choice:
    """The model chosen for an objective, and the report it rests on (None: too little to measure)."""

    name: str
    objective: str
    report: Report | None


def choose(
    dataset: Dataset,
    objective: Objective | str = Objective.REPLENISH,
    models: Sequence[str] = LINE_UP,
    *,
    days: float = 28.0,
    seed: int = 0,
    say: Say | None = None,
) -> Choice:
    """Return the model with the best NDCG@10 in the last window (a hold-out without timestamps).

    Each model learns only from what lies before the window; a hybrid fits its weights on the window
    before that one. Where nobody can be evaluated, popularity is chosen. Costs one fit of every model.
    """
    goal = Objective(objective)
    split = validation_split(dataset, days, seed)
    if not split.train.rows or not len(split.evaluated(goal)):
        return Choice(SAFE, goal.value, None)
    try:
        report = evaluate_split(split, models, seed=seed, objectives=(goal,), resamples=200, say=say)
    except DataError:
        return Choice(SAFE, goal.value, None)
    best = max(report.models, key=lambda line: line.ndcg10)
    return Choice(best.name, goal.value, report)
