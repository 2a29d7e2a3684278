"""The second stage: boosted trees that say how likely a candidate comes true, and ahead of which others."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recommender.arrays import AnyArray, Bool, Float32, Float64
from recommender.errors import ArtifactError, DataError

lgb: Any
try:
    import lightgbm as lgb
except OSError:
    # LightGBM's wheel leaves the OpenMP runtime to the system; everything else works without it.
    lgb = None


#: From so many rows on threads pay, and trees can afford to be careful.
MANY = 20_000


def available() -> bool:
    """Say whether LightGBM can be used on this machine."""
    return lgb is not None


def require() -> None:
    """Raise DataError where LightGBM cannot be used."""
    if lgb is None:
        raise DataError("two-stage needs the system library libgomp: install it (Debian: libgomp1)")


def sample(found: Bool, negatives: float, most: int, seed: int) -> AnyArray:
    """Return positions of all true rows and of a seeded share of the others, in order.

    Kept are at most ``negatives`` others for each true row and ``most`` rows in all.
    """
    true, false = np.flatnonzero(found), np.flatnonzero(~found)
    random = np.random.default_rng(seed)
    if len(true) > most // 2:
        true = random.choice(true, most // 2, replace=False)
    wanted = int(min(len(false), negatives * len(true), most - len(true)))
    kept = np.concatenate([true, random.choice(false, wanted, replace=False)])
    kept.sort()
    return kept


def train(
    features: Float32,
    found: Bool,
    lists: AnyArray,
    weights: Float32 | None = None,
    *,
    rounds: int,
    leaves: int,
    rate: float,
    seed: int,
) -> tuple[str, ...]:
    """Return two ensembles of boosted trees in LightGBM's text format (Ke et al. 2017).

    One learns the probability of ``found`` (logistic loss), one the order within each list (LambdaRank,
    Burges 2010, for the first ten places); ``lists`` numbers the list of each row, rows of a list stand
    together; ``weights`` say what a row counts, 1 each without. Their sum ranks better than either. The
    same data and seed give the same trees on any number of threads.
    """
    rows = len(found)
    settings = {
        "num_leaves": leaves,
        "learning_rate": rate,
        # Few rows in a leaf are chance, which is most of what there is to learn about new items.
        "min_data_in_leaf": int(np.clip(rows // 400, 5, 500)),
        "feature_fraction": 0.3,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 20.0 if rows >= MANY else 1.0,
        "max_bin": 127,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
        "num_threads": _threads(rows),
    }
    sizes = np.diff(np.concatenate([[0], np.flatnonzero(np.diff(lists)) + 1, [rows]]))
    texts = []
    for loss in ({"objective": "binary"}, {"objective": "lambdarank", "lambdarank_truncation_level": 15}):
        data = lgb.Dataset(
            features,
            label=found.astype(np.float32),
            weight=weights,
            group=sizes if loss["objective"] == "lambdarank" else None,
        )
        texts.append(lgb.train({**settings, **loss}, data, num_boost_round=rounds).model_to_string())
    return tuple(texts)


def _threads(rows: int) -> int:
    """Return how many threads pay for so many rows; 0 is all cores."""
    return 1 if rows < MANY else 0


class Trees:
    """Trees read back from their texts; scores are their sum above the lowest that they can give."""

    def __init__(self, texts: Sequence[str]) -> None:
        require()
        try:
            self._boosters: list[Any] = [lgb.Booster(model_str=text) for text in texts]
        except lgb.basic.LightGBMError as error:
            raise ArtifactError(f"the stored trees cannot be read ({error})") from error
        self.floor = sum(float(booster.lower_bound()) for booster in self._boosters) - 1e-3

    def scores(self, features: Float32) -> Float32:
        """Return one score above 0 a row."""
        if not len(features):
            return np.zeros(0, dtype=np.float32)
        threads = _threads(len(features))
        raw = np.zeros(len(features))
        for booster in self._boosters:
            raw += booster.predict(features, raw_score=True, num_threads=threads)
        return (raw - self.floor).astype(np.float32)

    def parts(self, features: Float32) -> Float64:
        """Return rows x (figures + 1) parts that add up to the scores, the common start last.

        Exact Shapley values of the trees (Lundberg et al. 2020).
        """
        threads = _threads(len(features))
        parts = np.zeros((len(features), features.shape[1] + 1))
        for booster in self._boosters:
            parts += booster.predict(features, pred_contrib=True, num_threads=threads)
        parts[:, -1] -= self.floor
        return parts
