"""Write what RecTools says about fixed lists: the figures that our metrics are tested against.

Run in RecTools' own environment (see rectools.txt), from the root of the repository:

    var/peers/rectools/bin/python benchmarks/peers/rectools_metrics.py tests/recommender/metrics/rectools.json

The file holds the lists, the truth and the history as well, so that a test needs nothing else.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rectools.metrics import (
    MAP,
    MRR,
    NDCG,
    CatalogCoverage,
    F1Beta,
    HitRate,
    IntraListDiversity,
    MeanInvUserFreq,
    PairwiseHammingDistanceCalculator,
    Precision,
    Recall,
)

USERS, ITEMS, KINDS, K = 40, 60, 5, 10
SEED = 7


def inputs() -> dict[str, Any]:
    """Return lists of ten, one to 25 true items a user (sometimes more than places), and a history."""
    random = np.random.default_rng(SEED)
    weights = 1 / np.arange(1, ITEMS + 1)
    weights /= weights.sum()

    def drawn(size: int) -> list[int]:
        return random.choice(ITEMS, size, replace=False, p=weights).tolist()

    return {
        "items": ITEMS,
        "kinds": random.integers(0, KINDS, ITEMS).tolist(),
        "lists": [drawn(K) for _ in range(USERS)],
        "truth": [sorted(drawn(int(random.integers(1, 26)))) for _ in range(USERS)],
        # The last five items are new: nobody had them.
        "history": [
            [item for item in sorted(drawn(int(random.integers(2, 30)))) if item < ITEMS - 5] or [0]
            for _ in range(USERS)
        ],
    }


def frame(rows: list[list[int]]) -> pd.DataFrame:
    """Return one row for each user and item, ranked in the given order."""
    return pd.DataFrame(
        [(user, item, rank) for user, row in enumerate(rows) for rank, item in enumerate(row, start=1)],
        columns=["user_id", "item_id", "rank"],
    )


def figures(given: dict[str, Any]) -> dict[str, Any]:
    """Return each metric's value per user, in the order of users, and the coverage."""
    lists, truth, history = (frame(given[name]) for name in ("lists", "truth", "history"))
    against = {
        "precision": Precision(k=K),
        "recall": Recall(k=K),
        "f1": F1Beta(k=K, beta=1.0),
        "average_precision": MAP(k=K),
        "reciprocal_rank": MRR(k=K),
        "hit_rate": HitRate(k=K),
        "ndcg": NDCG(k=K, log_base=2, divide_by_achievable=True),
    }
    found: dict[str, Any] = {name: metric.calc_per_user(lists, truth) for name, metric in against.items()}
    found["novelty"] = MeanInvUserFreq(k=K).calc_per_user(lists, history)
    kinds = pd.DataFrame({"kind": given["kinds"]}, index=range(ITEMS))
    distance = PairwiseHammingDistanceCalculator(kinds)
    found["intra_list_diversity"] = IntraListDiversity(k=K, distance_calculator=distance).calc_per_user(lists)
    values = {name: series.reindex(range(USERS)).tolist() for name, series in found.items()}
    values["coverage"] = CatalogCoverage(k=K, normalize=True).calc(lists, range(ITEMS))
    return values


def main() -> None:
    """Write the file named on the command line."""
    given = inputs()
    written = {
        "peer": f"RecTools {version('rectools')}",
        "notes": {"average_precision": "divided by all true items, ours by at most k of them"},
        "given": given,
        "figures": figures(given),
    }
    Path(sys.argv[1]).write_text(json.dumps(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
