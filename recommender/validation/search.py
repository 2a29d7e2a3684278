"""Search a model's parameters on a shop's own past, with Optuna.

What is looked at are windows of the training data only; whatever follows ``as_of`` of the dataset stays
unseen, for the evaluation that says whether the search was worth it.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import optuna
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from recommender.arrays import Float64
from recommender.columns import Objective
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.metrics.ranking import ndcg
from recommender.models import create_seeded
from recommender.validation.bootstrap import paired_difference
from recommender.validation.measuring import Say
from recommender.validation.spaces import SPACES, defaults, nested
from recommender.validation.splits import Split, holdout, last_window

Clock = Callable[[], float]
#: So many trials are drawn at random before the model of the search says where to look.
RANDOM = 10
#: Trials that count: measured on every window, or given up on the way.
DONE = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class SearchResult:
    """The best parameters, and the paired NDCG@10 they gain over the model's own on the windows.

    ``difference`` is optimistic: the windows chose the winner. Evaluate at a later cut for what it is
    worth. ``trials`` holds (parameters, mean NDCG@10; None where it was given up early).
    """

    model: str
    objective: str
    params: dict[str, Any]
    ndcg10: float
    default_ndcg10: float
    difference: float
    interval: tuple[float, float]
    windows: int
    seed: int
    seconds: float
    trials: list[tuple[dict[str, Any], float | None]] = field(default_factory=list)

    def write(self, path: str | Path) -> None:
        """Write the result as JSON; ``evaluate`` and ``recommend`` take it as --params."""
        Path(path).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def search(
    dataset: Dataset,
    model: str,
    objective: Objective | str = Objective.REPLENISH,
    *,
    trials: int = 50,
    seconds: float | None = None,
    windows: int = 3,
    days: float = 28.0,
    seed: int = 0,
    storage: str | Path | None = None,
    clock: Clock = perf_counter,
    say: Say | None = None,
) -> SearchResult:
    """Return the parameters with the best mean NDCG@10 over the last ``windows`` of the dataset.

    The model's own parameters are the first trial, so the result is never below them there. Each trial
    learns on what lies before each window (hold-outs with different seeds without timestamps) and is given
    up after a window where it is below the median of the others. Trials are drawn by tree-structured
    Parzen estimators (Bergstra et al. 2011), seeded by ``seed`` and the trial's number: a search that is
    broken off and goes on from its ``storage`` (a journal file) ends where an unbroken one does.
    ``trials`` counts those of earlier runs too. ``seconds`` limits this run: no trial or window begins
    after it, but the first trial is always measured. Raises DataError for a model without parameters to
    search, a shop without a window, or a storage that belongs to another search.
    """
    goal = Objective(objective)
    if model not in SPACES:
        raise DataError(f"{model}: there is nothing to search; choose one of: {', '.join(SPACES)}")
    if trials < 1:
        raise DataError(f"trials must be at least 1, not {trials}")
    started = clock()
    splits = _windows(dataset, goal, windows, days, seed)
    study = _study(dataset, model, goal, len(splits), days, seed, storage)
    runner = _Runner(study, model, goal, splits, seed, None if seconds is None else started + seconds, clock)
    own = defaults(SPACES[model], _given(model, seed))
    while len(runner.done()) < trials and runner.next(own):
        if say is not None:
            say(f"trial {len(runner.done())}: best NDCG@10 {study.best_value:.4f}")
    first, best = runner.complete()[0], study.best_trial
    gain = paired_difference(runner.values(best.params), runner.values(first.params), seed=seed)
    return SearchResult(
        model=model,
        objective=goal.value,
        params=nested(best.params),
        ndcg10=study.best_value,
        default_ndcg10=float(first.value or 0.0),
        difference=gain.mean,
        interval=(gain.low, gain.high),
        windows=len(splits),
        seed=seed,
        seconds=clock() - started,
        trials=[
            (nested(trial.params), trial.value if trial.state == TrialState.COMPLETE else None)
            for trial in runner.done()
        ],
    )


class _Runner:
    """Run trials one after the other."""

    def __init__(
        self,
        study: optuna.Study,
        model: str,
        goal: Objective,
        splits: Sequence[Split],
        seed: int,
        deadline: float | None,
        clock: Clock,
    ) -> None:
        self.study = study
        self.model = model
        self.goal = goal
        self.splits = splits
        self.seed = seed
        self.deadline = deadline
        self.clock = clock

    def done(self) -> list[optuna.trial.FrozenTrial]:
        """Return the trials that count, in their order."""
        return self.study.get_trials(deepcopy=False, states=DONE)

    def complete(self) -> list[optuna.trial.FrozenTrial]:
        """Return the trials measured on every window, the first with the model's own parameters."""
        return self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def next(self, own: dict[str, Any]) -> bool:
        """Run a trial; return False where the time is over."""
        number = len(self.done())
        if number and self._late():
            return False
        self.study.sampler = optuna.samplers.TPESampler(
            seed=self.seed * 100_003 + number, n_startup_trials=RANDOM, multivariate=True
        )
        waiting = self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if number == 0 and not waiting:
            self.study.enqueue_trial(own)
        trial = self.study.ask()
        params = {name: values.draw(trial, name) for name, values in SPACES[self.model].items()}
        figures = []
        for step, split in enumerate(self.splits):
            if number and self._late():
                # Not a verdict on these parameters: the trial does not count and is drawn again.
                self.study.tell(trial, state=TrialState.FAIL)
                return False
            figures.append(float(self._measure(split, params).mean()))
            trial.report(figures[-1], step)
            if step + 1 < len(self.splits) and trial.should_prune():
                self.study.tell(trial, state=TrialState.PRUNED)
                return True
        self.study.tell(trial, float(np.mean(figures)))
        return True

    def values(self, params: dict[str, Any]) -> Float64:
        """Return each asked user's NDCG over all windows, for comparing in pairs."""
        return np.concatenate([self._measure(split, params) for split in self.splits])

    def _measure(self, split: Split, params: dict[str, Any]) -> Float64:
        rows = split.evaluated(self.goal)
        fitted = create_seeded(self.model, self.seed, **nested(params)).fit(split.train)
        lists = fitted.recommend([split.train.users[int(row)] for row in rows], 10, self.goal)
        return ndcg(lists.codes, split.truth_for(self.goal)[rows])

    def _late(self) -> bool:
        return self.deadline is not None and self.clock() >= self.deadline


def _given(model: str, seed: int) -> dict[str, Any]:
    """Return the model's own parameters, and those of its parts as ``part.parameter``."""
    given = create_seeded(model, seed).get_params()
    for name in SPACES[model]:
        part, dot, own = name.partition(".")
        if dot:
            given[name] = create_seeded(part, seed).get_params()[own]
    return given


def _windows(dataset: Dataset, goal: Objective, count: int, days: float, seed: int) -> list[Split]:
    """Return the last windows, latest first; each one's training set ends where it begins."""
    found: list[Split] = []
    for number in range(count):
        if dataset.times is None:
            split = holdout(dataset, seed + number)
        else:
            split = last_window(found[-1].train if found else dataset, days)
        if not split.train.rows or not len(split.evaluated(goal)):
            break
        found.append(split)
    if not found:
        raise DataError("nobody with a history did anything in the last window, so nothing can be searched")
    return found


def _study(
    dataset: Dataset,
    model: str,
    goal: Objective,
    windows: int,
    days: float,
    seed: int,
    path: str | Path | None,
) -> optuna.Study:
    about = {
        "model": model,
        "objective": goal.value,
        "windows": windows,
        "days": days,
        "seed": seed,
        "data": _fingerprint(dataset),
    }
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(
            storage=InMemoryStorage() if path is None else JournalStorage(JournalFileBackend(str(path))),
            study_name="search",
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=RANDOM),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: holds something other than a search; name another file") from error
    known = study.user_attrs.get("about")
    if known is None:
        study.set_user_attr("about", about)
    elif known != about:
        other = ", ".join(key for key in about if known.get(key) != about[key])
        raise DataError(f"{path}: belongs to another search (it differs in: {other}); name another file")
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        # Left behind by a run that was killed.
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _fingerprint(dataset: Dataset) -> str:
    digest = hashlib.sha256()
    for array in (dataset.user_codes, dataset.item_codes, dataset.weights, dataset.times):
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
