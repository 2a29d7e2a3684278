"""What the second stage learns from: candidates of past windows and which of them came true."""

from collections.abc import Callable

import numpy as np

from recommender.arrays import AnyArray, Csr, Float32, Int32
from recommender.columns import OBJECTIVES, Objective
from recommender.metrics.ranking import holds
from recommender.ranking.boosting import sample, train
from recommender.validation.splits import Split

#: Fewer users or true candidates than these teach trees nothing.
FEWEST_USERS = 20
FEWEST_TRUE = 50

#: Gives the candidates of users (positions) as (line, item) pairs and their figures.
Look = Callable[[Int32], tuple[Int32, Int32, Float32]]


class Examples:
    """Rows to learn from, gathered window by window, for both objectives at once.

    True rows stand beside at most ``negatives`` seeded others each, half as many where bought items
    count and there are enough true ones anyway; more than ``most_users`` of a
    window are sampled. Memory: rows x figures x 4 bytes.
    """

    def __init__(self, negatives: float, most_users: int, seed: int) -> None:
        self._negatives = negatives
        self._most_users = most_users
        self._seed = seed
        self._figures: dict[Objective, list[Float32]] = {goal: [] for goal in OBJECTIVES}
        self._found: dict[Objective, list[AnyArray]] = {goal: [] for goal in OBJECTIVES}
        self._lists: dict[Objective, list[AnyArray]] = {goal: [] for goal in OBJECTIVES}
        self._weights: dict[Objective, list[Float32]] = {goal: [] for goal in OBJECTIVES}
        self._users = 0
        counted = ("users", "candidates", "reached", "true", "shown")
        self._counts = {goal: dict.fromkeys(counted, 0) for goal in OBJECTIVES}

    def add(self, split: Split, look: Look, step: int, shown: Csr | None = None) -> None:
        """Look at the users of a window, ``step`` at a time; ``look`` knows what its start knew.

        ``shown`` are the weights of what users were shown in the window (ranking.labels): those candidates
        are all learned from, whether they came true or not; every other one weighs 1.
        """
        truths = {goal: split.truth_for(goal) for goal in OBJECTIVES}
        users = split.evaluated(Objective.REPLENISH)
        if len(users) > self._most_users:
            random = np.random.default_rng(self._seed)
            users = np.sort(random.choice(users, self._most_users, replace=False))
        for start in range(0, len(users), step):
            block = users[start : start + step]
            lines, codes, figures = look(block)
            new = np.flatnonzero(~holds(split.train.seen[block], lines, codes))
            for goal, truth in truths.items():
                kept = np.arange(len(lines)) if goal.keeps_bought else new
                found = holds(truth[block], lines[kept], codes[kept])
                self._count(goal, np.diff(truth[block].indptr), len(kept), int(found.sum()))
                beside = self._negatives / 2 if goal.keeps_bought else self._negatives
                chosen = sample(found, beside, 2 * len(found), self._seed)
                weights = np.ones(len(found), dtype=np.float32)
                if shown is not None:
                    said = np.asarray(shown[block][lines[kept], codes[kept]], dtype=np.float32).ravel()
                    weights = np.where(said > 0, said, weights)
                    chosen = np.union1d(chosen, np.flatnonzero(said > 0))
                    self._counts[goal]["shown"] += int((said > 0).sum())
                self._weights[goal].append(weights[chosen])
                self._figures[goal].append(figures[kept[chosen]])
                self._found[goal].append(found[chosen])
                self._lists[goal].append(self._users + lines[kept[chosen]])
            self._users += len(block)

    def _count(self, goal: Objective, sizes: AnyArray, candidates: int, reached: int) -> None:
        counts = self._counts[goal]
        counts["users"] += int((sizes > 0).sum())
        counts["candidates"] += candidates
        counts["reached"] += reached
        counts["true"] += int(sizes.sum())

    def evidence(self, goal: Objective) -> dict[str, float]:
        """Return users, rows, the share of what came true among the candidates, candidates a user.

        ``shown`` counts the rows that customers were shown.
        """
        counts = self._counts[goal]
        return {
            "users": counts["users"],
            "rows": int(sum(len(part) for part in self._found[goal])),
            "candidate_recall": counts["reached"] / max(counts["true"], 1),
            "candidates_per_user": counts["candidates"] / max(counts["users"], 1),
            "shown": counts["shown"],
        }

    def learn(self, *, rounds: int, leaves: int, rate: float) -> dict[str, tuple[str, ...]]:
        """Return trees for each objective that has enough to learn from; see boosting.train.

        What customers discover is rarer and noisier than what they repeat, so it is learned at half the
        rate in twice the rounds.
        """
        trees = {}
        for goal, counts in self._counts.items():
            if counts["users"] >= FEWEST_USERS and counts["reached"] >= FEWEST_TRUE:
                slow = 1 if goal.keeps_bought else 2
                trees[goal.value] = train(
                    np.concatenate(self._figures[goal]),
                    np.concatenate(self._found[goal]),
                    np.concatenate(self._lists[goal]),
                    np.concatenate(self._weights[goal]) if counts["shown"] else None,
                    rounds=rounds * slow,
                    leaves=leaves,
                    rate=rate / slow,
                    seed=self._seed,
                )
        return trees
