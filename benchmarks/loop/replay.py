"""Lists of every strategy on Complete Journey before each round, and what was then bought of them."""

import hashlib
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

import recommender
from recommender.columns import Objective
from recommender.models import create_seeded
from recommender.profiling.clustering import cluster
from recommender.profiling.complete_journey import FEATURES
from recommender.profiling.features import customer_features
from recommender.reading import clean_interactions
from recommender.validation import cj28
from recommender.validation.splits import Split, cut_at

FIRST, ROUNDS, DAYS, LENGTH = date(2017, 4, 24), 8, 28, 10
STRATEGIES = ("popularity", "own-frequency", "user-knn", "item-knn", "als", "content")
OBJECTIVES = (Objective.REPLENISH, Objective.DISCOVER)


@dataclass(frozen=True)
class Replay:
    """Hold what was bought of each list: `bought[objective]` is rounds x strategies x people."""

    personas: npt.NDArray[np.int64]
    bought: dict[str, npt.NDArray[np.float64]]


def replay(folder: str | None, kept: Path) -> Replay:
    """Return the replay, from `kept` where the same code made it before.

    Learning and asking all models eight times takes about three minutes on one core. Raises DataError
    without the data.
    """
    made_by = _code()
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as stored:
            if "made_by" in stored and str(stored["made_by"]) == made_by:
                return Replay(stored["personas"], {goal.value: stored[goal.value] for goal in OBJECTIVES})
        print("The kept lists are of another version of the code: they are made anew.", file=sys.stderr)
    interactions, items = cj28.load(folder)
    groups = cluster(customer_features(interactions, FIRST.isoformat()), FEATURES["library"])
    people = groups.users
    cleaned = clean_interactions(interactions)
    bought = {goal.value: np.zeros((ROUNDS, len(STRATEGIES), len(people))) for goal in OBJECTIVES}
    for t in range(ROUNDS):
        cut = FIRST + timedelta(days=DAYS * t)
        split = cut_at(cleaned, cut.isoformat(), float(DAYS), items=items, min_item_users=5)
        for s, name in enumerate(STRATEGIES):
            began = time.process_time()
            model = create_seeded(name, 0).fit(split.train)
            for goal in OBJECTIVES:
                codes = model.recommend(people, LENGTH, goal).codes
                bought[goal.value][t, s] = _hits(split, goal, people, codes)
            taken = time.process_time() - began
            print(f"  round {t + 1}, {name}: {taken:.0f} s", file=sys.stderr)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(kept, made_by=made_by, personas=groups.labels.astype(np.int64), **bought)
    return Replay(groups.labels.astype(np.int64), bought)


def _code() -> str:
    """Return a digest of the code that the lists depend on."""
    sources = sorted(Path(recommender.__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in [*sources, Path(__file__)])).hexdigest()


def _hits(
    split: Split, goal: Objective, people: tuple[str, ...], codes: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]:
    """Return how many products of each list its household then bought."""
    rows = split.train.users.codes(list(people))
    truth = split.truth_for(goal)
    found = np.zeros(len(people))
    for i, (row, listed) in enumerate(zip(rows, codes, strict=True)):
        if row >= 0:
            theirs = truth.indices[truth.indptr[row] : truth.indptr[row + 1]]
            found[i] = np.isin(listed[listed >= 0], theirs).sum()
    return found
