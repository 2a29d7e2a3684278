"""Blend scores of several models with weights fitted on what customers did next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.arrays import AnyArray, Bool, Csr, Float32, Float64, block_rows
from recommender.base import Recommender
from recommender.columns import Objective
from recommender.metrics.ranking import holds, ndcg_of_hits
from recommender.validation.splits import Split

FACTORS = (0.0, 0.5, 0.75, 1.33, 2.0)
#: Share given to a component with weight zero when the search tries it again.
TRIAL = 0.05
CUTOFF = 10


def normalise(scores: Float32) -> Float32:
    """Divide each row by its maximum, in place, so that models speak on one scale."""
    top = scores.max(axis=1, keepdims=True)
    np.divide(scores, np.maximum(top, 1e-9), out=scores)
    return scores


@dataclass(frozen=True)
class Evidence:
    """The candidates of one window: what each model said and what came true.

    ``features`` is components x users x candidates (float32), ``found`` marks true candidates,
    ``valid`` real ones (rows are padded), ``sizes`` the number of true items of each user.
    """

    features: Float32
    found: Float32
    valid: Bool
    sizes: AnyArray

    @property
    def users(self) -> int:
        """Return the number of users with something true in the window."""
        return len(self.sizes)

    def ndcg(self, weights: Float64) -> float:
        """Return the mean NDCG@10 of the blend over the users."""
        return self._mean(np.tensordot(weights.astype(np.float32), self.features, 1))

    def _mean(self, scores: Float32) -> float:
        scores = np.where(self.valid, scores, -np.inf)
        width = min(CUTOFF, scores.shape[1])
        best = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        found = np.take_along_axis(self.found, np.take_along_axis(best, order, 1), 1)
        if width < CUTOFF:
            found = np.pad(found, ((0, 0), (0, CUTOFF - width)))
        return float(ndcg_of_hits(found, self.sizes).mean())

    def fit(self, start: Float64, rounds: int = 3) -> tuple[Float64, float]:
        """Search weights by coordinates for the best NDCG@10; return them (summing to 1) and it.

        Each round tries each weight at 0, 1/2, 3/4, 4/3 and 2 times its value, a weight at zero anew at
        5 %. Deterministic. About 150 evaluations; one takes 30 ms for 2,400 users x 700 candidates.
        """
        weights = start / start.sum()
        scores = np.tensordot(weights.astype(np.float32), self.features, 1)
        best = self._mean(scores)
        for _ in range(rounds):
            before = best
            for part in range(len(weights)):
                base = weights[part] or TRIAL
                for factor in (1.0, *FACTORS) if weights[part] == 0 else FACTORS:
                    value = base * factor
                    if value == weights[part] or weights.sum() - weights[part] + value <= 0:
                        continue
                    tried = scores + np.float32(value - weights[part]) * self.features[part]
                    result = self._mean(tried)
                    if result > best + 1e-6:
                        best, scores = result, tried
                        weights = weights.copy()
                        weights[part] = value
            if best <= before:
                break
        return weights / weights.sum(), best


def gather(
    models: Sequence[Recommender],
    split: Split,
    wanted: Mapping[Objective, AnyArray],
    *,
    depth: int = 120,
    most_users: int = 3000,
    seed: int = 0,
) -> dict[Objective, Evidence]:
    """Collect each model's best ``depth`` candidates for users with something true in the window.

    ``wanted`` says for each objective which models take part (a mask); each model scores a user once
    for all objectives. More than ``most_users`` are sampled. Memory: models x users x candidates x 4
    bytes for each objective, at most models x depth candidates a user.
    """
    truths = {goal: split.truth_for(goal) for goal in wanted}
    rows = np.unique(np.concatenate([split.evaluated(goal) for goal in wanted]))
    if len(rows) > most_users:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most_users, replace=False))
    step = block_rows(split.train.shape[1] * (len(models) + 1))
    found: dict[Objective, list[Evidence]] = {goal: [] for goal in wanted}
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        scores = [normalise(model.score_block(block)) for model in models]
        for goal, mask in wanted.items():
            asked = np.diff(truths[goal].indptr)[block] > 0
            if asked.any():
                chosen = [scores[part][asked] for part in np.flatnonzero(mask)]
                seen = None if goal.keeps_bought else split.train.seen[block[asked]]
                found[goal].append(_candidates(chosen, truths[goal][block[asked]], seen, depth))
    return {goal: _join(parts, int(np.sum(wanted[goal]))) for goal, parts in found.items()}


def shrink(weights: Float64, users: int, prior: Float64, strength: float) -> Float64:
    """Return the mean of fitted weights and prior, the prior counting as ``strength`` users."""
    if np.isinf(strength):
        whole: Float64 = prior / prior.sum()
        return whole
    mixed: Float64 = (users * weights / weights.sum() + strength * prior / prior.sum()) / (users + strength)
    return mixed


def _candidates(blocks: Sequence[Float32], truth: Csr, seen: Csr | None, depth: int) -> Evidence:
    """Return one block's candidates: whatever any model ranks within ``depth``, without ``seen``."""
    users, items = truth.shape
    taken = np.zeros((users, items), dtype=bool)
    masked = None if seen is None else (np.repeat(np.arange(users), np.diff(seen.indptr)), seen.indices)
    for scores in blocks:
        behind = -scores
        if masked is not None:
            behind[masked] = np.inf
        if depth < items:
            np.put_along_axis(
                taken, np.argpartition(behind, depth - 1, axis=1)[:, :depth], values=True, axis=1
            )
        else:
            taken[:] = True
    if masked is not None:
        taken[masked] = False
    line, code = taken.nonzero()
    place = np.arange(len(line)) - np.searchsorted(line, line)
    shape = (users, int(place.max(initial=0)) + 1)
    features = np.zeros((len(blocks), *shape), dtype=np.float32)
    for part, scores in enumerate(blocks):
        features[part, line, place] = scores[line, code]
    found, valid = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=bool)
    found[line, place] = holds(truth, line, code)
    valid[line, place] = True
    return Evidence(features, found, valid, np.diff(truth.indptr))


def _join(parts: Sequence[Evidence], models: int) -> Evidence:
    if not parts:
        empty = np.zeros((models, 0, 1), dtype=np.float32)
        return Evidence(empty, empty[0], empty[0].astype(bool), np.zeros(0, dtype=np.int64))
    width = max(part.valid.shape[1] for part in parts)
    padded = [_pad(part, width) for part in parts]
    return Evidence(
        np.concatenate([part.features for part in padded], axis=1),
        np.concatenate([part.found for part in padded]),
        np.concatenate([part.valid for part in padded]),
        np.concatenate([part.sizes for part in padded]),
    )


def _pad(part: Evidence, width: int) -> Evidence:
    more = width - part.valid.shape[1]
    if not more:
        return part
    return Evidence(
        np.pad(part.features, ((0, 0), (0, 0), (0, more))),
        np.pad(part.found, ((0, 0), (0, more))),
        np.pad(part.valid, ((0, 0), (0, more))),
        part.sizes,
    )
