"""The second stage: boosted trees that say how likely a candidate comes true."""

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


def train(features: Float32, found: Bool, *, rounds: int, leaves: int, rate: float, seed: int) -> str:
    """Return boosted trees for the probability of ``found`` in LightGBM's text format.

    Ke et al. (2017); logistic loss. The same data and seed give the same trees on any number of threads.
    """
    settings = {
        "objective": "binary",
        "num_leaves": leaves,
        "learning_rate": rate,
        "min_data_in_leaf": 50 if len(found) > 5000 else 5,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "max_bin": 127,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
        "num_threads": _threads(len(found)),
    }
    data = lgb.Dataset(features, label=found.astype(np.float32))
    text: str = lgb.train(settings, data, num_boost_round=rounds).model_to_string()
    return text


def _threads(rows: int) -> int:
    """Return how many threads pay for so many rows; 0 is all cores."""
    return 1 if rows < 20_000 else 0


class Trees:
    """Trees read back from their text; scores are log-odds above the lowest that the trees can give."""

    def __init__(self, text: str) -> None:
        require()
        try:
            self._booster: Any = lgb.Booster(model_str=text)
        except lgb.basic.LightGBMError as error:
            raise ArtifactError(f"the stored trees cannot be read ({error})") from error
        self.floor = float(self._booster.lower_bound()) - 1e-3

    def scores(self, features: Float32) -> Float32:
        """Return one score above 0 a row."""
        if not len(features):
            return np.zeros(0, dtype=np.float32)
        raw: Float64 = self._booster.predict(features, raw_score=True, num_threads=_threads(len(features)))
        return (raw - self.floor).astype(np.float32)

    def parts(self, features: Float32) -> Float64:
        """Return rows x (figures + 1) parts that add up to the scores, the common start last.

        Exact Shapley values of the trees (Lundberg et al. 2020).
        """
        parts: Float64 = np.asarray(self._booster.predict(features, pred_contrib=True, num_threads=1))
        parts[:, -1] -= self.floor
        return parts
