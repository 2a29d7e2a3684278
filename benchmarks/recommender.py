"""How fast the recommender is: `python -m benchmarks.recommender [--quick]`. Its last line is JSON.

als_vs_implicit          seconds an iteration of fitting our ALS to a dataset, against the library called
                         directly on the same confidence matrix; 64 factors
training_vs_library      seconds from a frame of purchases to a stored model of 64 factors and 10 iterations,
                         against the library on the same frame: ids to numbers, matrix, fit, factors stored
topk_vs_multiplication   seconds of the ten best items for every user, without what each has, against the
                         multiplication of the factors alone
fold_in_p50_ms           median milliseconds of folding in one new customer's history and ranking it,
                         against the stated limit
peak_mb                  peak memory of this process

`--growth` instead shows how cost grows with users, items and factors.

The data are drawn with the size and the skew of Gowalla's check-ins: 30,000 users, 41,000 items, 0.81
million pairs; with `--quick` a tenth of the users and items. The two sides of a ratio take turns, so that
a slow moment of the machine meets both; each turn gives a ratio, and their median counts.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import polars as pl
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from benchmarks.measuring import peak_mb, result, seconds
from recommender.arrays import block_rows
from recommender.artifacts import save
from recommender.columns import ITEM, USER
from recommender.dataset import Dataset
from recommender.ids import Ids
from recommender.models.als import ALS

USERS, ITEMS, PAIRS = 30_000, 41_000, 810_000
FACTORS, ITERATIONS = 64, 10
FOLD_IN_LIMIT_MS = 0.3


def gowalla_like(part_users: float, part_items: float, seed: int = 0) -> Dataset:
    """Return a shop of a part of that size: activity and popularity fall off by a power.

    Pairs go with the users: each has as many in a smaller shop.
    """
    random = np.random.default_rng(seed)
    users, items, pairs = int(USERS * part_users), int(ITEMS * part_items), int(PAIRS * part_users)
    activity = random.pareto(1.5, users) + 0.5
    counts = np.maximum(5, activity / activity.sum() * pairs).astype(np.int64)
    weights = (np.arange(items) + 10.0) ** -0.8
    drawn = random.choice(items, int(counts.sum()) * 2, p=weights / weights.sum())
    rows = np.repeat(np.arange(users), counts * 2)
    keys = np.unique(
        np.concatenate([rows * items + drawn, random.integers(0, users, items) * items + np.arange(items)])
    )
    keys = np.sort(random.permutation(keys)[:pairs])
    return Dataset(
        users=Ids(f"u{n}" for n in range(users)),
        items=Ids(f"i{n}" for n in range(items)),
        user_codes=(keys // items).astype(np.int32),
        item_codes=(keys % items).astype(np.int32),
        weights=np.ones(len(keys), dtype=np.float32),
    )


def compare_fit(dataset: Dataset, turns: int) -> tuple[dict[str, Any], ALS]:
    """Measure our fit against the library's, both with the same parameters."""
    ours = ALS(factors=FACTORS, iterations=ITERATIONS)
    confidence = dataset.matrix(log=True)

    def directly() -> None:
        with threadpool_limits(1, "blas"):
            AlternatingLeastSquares(
                factors=FACTORS, regularization=ours.regularization, iterations=ITERATIONS, random_state=0
            ).fit(confidence, show_progress=False)

    times = [(seconds(directly), seconds(lambda: ours.fit(dataset))) for _ in range(turns)]
    turns_ = [(library / ITERATIONS, mine / ITERATIONS) for library, mine in times]
    return paired("als_vs_implicit", "s/iteration", turns_), ours


def purchases_of(dataset: Dataset) -> pl.DataFrame:
    """Return a dataset as the frame that a shop would hand over: one row a purchase, ids as texts."""
    users, items = list(dataset.users), list(dataset.items)
    return pl.DataFrame(
        {
            USER: [users[code] for code in dataset.user_codes],
            ITEM: [items[code] for code in dataset.item_codes],
        }
    ).sample(fraction=1.0, shuffle=True, seed=0)


def compare_training(frame: pl.DataFrame, turns: int) -> dict[str, Any]:
    """Measure a training from purchases to what is stored, against the library's way there."""
    regularization = ALS().regularization

    def ours(folder: Path) -> None:
        save(ALS(factors=FACTORS, iterations=ITERATIONS).fit(Dataset.from_frame(frame)), folder / "ours")

    def library(folder: Path) -> None:
        pairs = frame.select(
            pl.col(name).cast(pl.Categorical).to_physical().cast(pl.Int32) for name in (USER, ITEM)
        )
        rows, columns = (pairs[name].to_numpy() for name in (USER, ITEM))
        matrix = sp.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)))
        model = AlternatingLeastSquares(
            factors=FACTORS, regularization=regularization, iterations=ITERATIONS, random_state=0
        )
        with threadpool_limits(1, "blas"):
            model.fit(matrix, show_progress=False)
        model.save(folder / "library")

    times = []
    for _ in range(turns):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            times.append((seconds(lambda to=folder: library(to)), seconds(lambda to=folder: ours(to))))
    return paired("training_vs_library", "s", times)


def compare_lists(model: ALS, turns: int) -> dict[str, Any]:
    """Measure all users' lists against the bare multiplication in the blocks that suit it."""
    users = list(model.users_)
    step = block_rows(len(model.items_))

    def multiply() -> None:
        for start in range(0, len(users), step):
            model.solved_[start : start + step] @ model.factors_.T

    times = [
        (seconds(multiply), seconds(lambda: model.recommend(users, 10, "discover"))) for _ in range(turns)
    ]
    return paired("topk_vs_multiplication", "s", times)


def measure_fold_in(model: ALS, customers: int) -> dict[str, Any]:
    """Measure lists for new histories of twenty items, one at a time."""
    random = np.random.default_rng(1)
    histories = [[f"i{code}" for code in random.integers(0, len(model.items_), 20)] for _ in range(customers)]
    model.recommend_history(histories[0], 10, "discover")
    times = [seconds(lambda h=h: model.recommend_history(h, 10, "discover")) * 1000 for h in histories]
    return result("fold_in_p50_ms", statistics.median(times), "ms", FOLD_IN_LIMIT_MS)


def show_growth() -> None:
    """Print processor seconds (all cores together, whatever else runs) and memory for several sizes."""
    print("| Users | Items | Pairs | Factors | Learning an iteration, s | Lists, ms a user | Model, MB |")
    print("|---|---|---|---|---|---|---|")
    sizes = [(1.0, 1.0, 64), (0.5, 1.0, 64), (1.0, 0.5, 64), (0.5, 0.5, 64), (1.0, 1.0, 32), (1.0, 1.0, 128)]
    for part_users, part_items, factors in sizes:
        dataset = gowalla_like(part_users, part_items)
        model = ALS(factors=factors, iterations=5)
        start = time.process_time()
        model.fit(dataset)
        fit = (time.process_time() - start) / 5
        asked = list(model.users_)[:4000]
        start = time.process_time()
        model.recommend(asked, 10, "discover")
        lists = (time.process_time() - start) / len(asked) * 1000
        size = (model.factors_.nbytes + model.solved_.nbytes + model.profile_.data.nbytes * 4) / 2**20
        users, items = dataset.shape
        print(
            f"| {users:,} | {items:,} | {dataset.rows:,} | {factors} | {fit:.2f} | {lists:.2f} | {size:.0f} |"
        )


def paired(key: str, unit: str, turns: list[tuple[float, float]]) -> dict[str, Any]:
    """Return the entry of (peer, ours) turns: medians of both sides and of the turns' ratios."""
    peer, ours = (statistics.median(side) for side in zip(*turns, strict=True))
    ratios = [mine / theirs for theirs, mine in turns]
    print(f"{key}: {', '.join(f'{ratio:.2f}' for ratio in ratios)}", file=sys.stderr)
    return {**result(key, ours, unit, peer), "ratio": round(statistics.median(ratios), 3)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the users and items")
    parser.add_argument("--growth", action="store_true", help="a table of costs for several sizes")
    options = parser.parse_args()
    if options.growth:
        show_growth()
        return
    quick = options.quick
    part = 0.1 if quick else 1.0
    dataset = gowalla_like(part, part)
    print(f"{dataset.shape[0]} users, {dataset.shape[1]} items, {dataset.rows} pairs", file=sys.stderr)
    fit, model = compare_fit(dataset, turns=3 if quick else 5)
    training = compare_training(purchases_of(dataset), turns=3)
    results = [fit, training, compare_lists(model, turns=5), measure_fold_in(model, 200 if quick else 1000)]
    results.append(result("peak_mb", peak_mb(), "MB", 1536))
    cores = len(os.sched_getaffinity(0))
    print(
        json.dumps({"name": "recommender", "cores": cores, "peak_mb": round(peak_mb()), "results": results})
    )


if __name__ == "__main__":
    main()
