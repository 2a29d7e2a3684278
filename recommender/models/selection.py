"""Choose a model on a shop's own history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from recommender.base import Recommender
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.models.contest import COMPOSED, Contest, Settings
from recommender.models.families import FAMILIES, make_seeded
from recommender.ranking.boosting import available
from recommender.validation.measuring import Say
from recommender.validation.report import Report
from recommender.validation.splits import Split, holdout, last_window

SAFE = "popularity"
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
    "bpr",
    "content",
    "naive-bayes",
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
#: Lists by two stages cost about 0.2 µs a user and item (Complete Journey), and are made once for everybody.
MOST_CELLS_TWO_STAGE = 1e9
#: Users of the window that are asked about.
ASKED = 4_000
#: Fewer answers than this settle little, so earlier windows are asked, too.
ENOUGH, MOST_WINDOWS = 500, 4
#: So many of the best single models are looked at more closely, where a fit costs little.
CLOSEST = 2
MOST_ROWS_AROUND = 300_000
#: They win nowhere but in small shops, where they cost little.
SMALL_ONLY = ("bpr", "naive-bayes")


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

    In shops of at most 300,000 rows the window before it is asked as well, and where fewer than 500 users
    can be asked up to two more (other hold-outs). Each model learns only from what lies before a window,
    once for all objectives. Of every single model some settings are tried; around those of the best two
    the numbers are halved and doubled one by one. The hybrid and then the two-stage ranker, which learn
    their own weights on windows before that one, are taken only where the paired 95 % interval of their
    lead over the best model so far lies above 0. Where nobody can be evaluated, popularity is chosen.
    Nothing is known of the data but the data. At most 4,000 users are asked about; costs one fit for each
    setting.
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
    contest = Contest(splits, askable, seed, say)
    singles = [name for name in wanted if name not in COMPOSED]
    for name in singles:
        contest.enter(name, SETTINGS.get(name, ({},)))
    if train.rows <= MOST_ROWS_AROUND:
        contest.look_around(singles, CLOSEST)
    for name in wanted:
        if name in COMPOSED:
            contest.enter(name, [_composed(contest, train)])
    for goal in askable:
        best = contest.winner(goal)
        tuned = {name: trial.settings for name, trial in contest.best[goal].items()}
        if best is None:
            found[goal] = Choice(SAFE, goal.value, None, left_out=left_out)
        else:
            found[goal] = Choice(best.name, goal.value, contest.report(goal), best.settings, left_out, tuned)
    return found


def _composed(contest: Contest, train: Dataset) -> Settings:
    """Return a composed model's settings: its parts as they did best alone, without the costly ones."""
    left_out = tuple(name for name in CANDIDATES if not _affordable(name, train))
    return {"settings": contest.settings(), "leave_out": left_out}


def _windows(dataset: Dataset, objectives: Sequence[Objective], days: float, seed: int) -> list[Split]:
    """Return the last window, and earlier ones until enough users are asked; without times hold-outs.

    A small shop's one window is chance: thirty users would choose by luck. And where a fit costs little two
    windows are asked whatever the number of users: a month's fashion is one observation for all of them.
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
        several = len(splits) > 1 or dataset.times is None or split.train.rows > MOST_ROWS_AROUND
        if asked >= ENOUGH and several:
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
    if name in SMALL_ONLY:
        return train.rows <= MOST_ROWS_AROUND
    if name == "two-stage":
        return available() and float(users) * items <= MOST_CELLS_TWO_STAGE
    return True
