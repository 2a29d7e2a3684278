"""Whether `auto` is at or above the best single model on shops of other kinds: `python -m benchmarks.shops`.

Generated shops, each with another order of models: `repeats` (own routine decides), `graph` (communities
with bridges, everything once), `ratings` (factors behind ratings, no timestamps), `content` (taste for
attributes, a catalogue that renews itself), `fashion` (what sells now decides; four shops), `tiny` (six
shops of thirty customers). Every single model takes the settings that did best on the windows of `auto`,
then all are asked about what nobody saw. `auto` holds where the 95 % interval of its paired NDCG@10
difference to the best single one, known only afterwards, reaches 0. The last line is JSON: a result a
shop and objective; `figure` is the difference, `interval` its ends.

`--quick` asks fewer models of smaller shops. About five processor minutes.
"""

import argparse
import json
import os
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import polars as pl

from recommender.base import Recommender
from recommender.columns import OBJECTIVES
from recommender.errors import DataError
from recommender.models import Auto, create
from recommender.models.auto import Tuned
from recommender.validation.intervals import pool
from recommender.validation.protocol import evaluate
from recommender.validation.report import Report

START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 240
CUT = (START + timedelta(days=DAYS - 28)).isoformat()
SINGLES = (
    "popularity",
    "recent-popularity",
    "trending",
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
)
Shop = tuple[pl.DataFrame, pl.DataFrame | None]


def frame(users: Any, items: Any, days: Any = None, **more: Any) -> pl.DataFrame:
    """Return interactions from arrays of numbers."""
    columns = {"user_id": [f"u{n}" for n in users], "item_id": [f"i{n}" for n in items]}
    if days is not None:
        columns["timestamp"] = [START + timedelta(days=float(day)) for day in days]
    return pl.DataFrame({**columns, **more})


def popular(random: np.random.Generator, items: int, power: float = 0.9) -> Any:
    """Return shares of items that fall off by a power, in random order."""
    shares = (np.arange(items) + 3.0) ** -power
    return random.permutation(shares / shares.sum())


def repeats(random: np.random.Generator, size: float) -> Shop:
    """Customers buy their own dozen things in each one's rhythm, and sometimes something else."""
    users, items = int(600 * size), int(800 * size)
    shares, entries = popular(random, items), []
    for user in range(users):
        for item in random.choice(items, 12, replace=False, p=shares):
            gap = random.gamma(4, 5)
            days = np.cumsum(random.gamma(3, gap / 3, int(DAYS / gap) + 4)) - random.uniform(0, gap)
            entries += [(user, item, day) for day in days if 0 <= day < DAYS]
        entries += [(user, item, random.uniform(0, DAYS)) for item in random.choice(items, 12, p=shares)]
    users_, items_, days_ = zip(*entries, strict=True)
    return frame(users_, items_, days_), None


def graph(random: np.random.Generator, size: float) -> Shop:
    """Everything is taken once; customers wander within communities of items that overlap."""
    users, items, groups = int(800 * size), int(900 * size), 24
    home = random.integers(0, groups, items)
    near = np.exp(
        -np.minimum(
            np.abs(home[:, None] - np.arange(groups)), groups - np.abs(home[:, None] - np.arange(groups))
        )
        / 0.7
    )
    shares = near * popular(random, items, 0.5)[:, None]
    shares /= shares.sum(axis=0)
    entries = []
    for user in range(users):
        place = random.integers(0, groups)
        taken = random.choice(items, random.integers(10, 30), replace=False, p=shares[:, place])
        entries += [(user, item, random.uniform(0, DAYS)) for item in taken]
    users_, items_, days_ = zip(*entries, strict=True)
    return frame(users_, items_, days_), None


def ratings(random: np.random.Generator, size: float) -> Shop:
    """Ratings follow eight hidden tastes; people rate what they like; nothing says when."""
    users, items, factors = int(700 * size), int(600 * size), 8
    mine, theirs = random.normal(0, 1, (users, factors)), random.normal(0, 1, (items, factors))
    liking = mine @ theirs.T / np.sqrt(factors) + np.log(popular(random, items, 0.6) * items)
    noisy = liking * 1.5 + random.gumbel(0, 1, liking.shape)
    counts = random.integers(12, 40, users)
    pairs = [(user, item) for user in range(users) for item in np.argsort(-noisy[user])[: counts[user]]]
    users_, items_ = zip(*pairs, strict=True)
    stars = np.clip(np.round(3.5 + liking[list(users_), list(items_)] * 0.7), 1, 5)
    return frame(users_, items_, rating=stars.tolist()), None


def content(random: np.random.Generator, size: float) -> Shop:
    """Customers like brands and kinds; items live for ten weeks, so who bought them before says little."""
    users, items, brands, kinds = int(500 * size), int(1200 * size), 30, 12
    brand, kind = random.integers(0, brands, items), random.integers(0, kinds, items)
    born = random.uniform(-70, DAYS, items)
    entries = []
    for user in range(users):
        taste = random.dirichlet(np.full(brands, 0.08))[brand] * random.dirichlet(np.full(kinds, 0.15))[kind]
        for day in random.uniform(0, DAYS, random.integers(10, 30)):
            here = taste * ((born <= day) & (day < born + 70)) + 1e-9
            entries.append((user, random.choice(items, p=here / here.sum()), day))
    users_, items_, days_ = zip(*entries, strict=True)
    about = pl.DataFrame(
        {
            "item_id": [f"i{n}" for n in range(items)],
            "brand": [f"brand {n}" for n in brand],
            "kind": [f"kind {n}" for n in kind],
        }
    )
    return frame(users_, items_, days_), about


def fashion(random: np.random.Generator, size: float) -> Shop:
    """Everybody buys what is new: items rise and fall within weeks."""
    users, items = int(700 * size), int(500 * size)
    peak, height = random.uniform(0, DAYS + 20, items), random.pareto(1.5, items) + 0.2
    users_, items_, days_ = [], [], []
    for day in np.sort(random.uniform(0, DAYS, users * 18)):
        shares = height * np.exp(-(((day - peak) / 14) ** 2)) + 1e-6
        users_.append(random.integers(0, users))
        items_.append(random.choice(items, p=shares / shares.sum()))
        days_.append(day)
    return frame(users_, items_, days_), None


def tiny(random: np.random.Generator, size: float) -> Shop:
    """Thirty customers with two tastes."""
    entries = [
        (user, (user % 2) * 10 + random.choice(10, p=popular(random, 10)), random.uniform(0, DAYS))
        for user in range(30)
        for _ in range(15)
    ]
    users_, items_, days_ = zip(*entries, strict=True)
    return frame(users_, items_, days_), None


SHOPS: dict[str, Callable[[np.random.Generator, float], Shop]] = {
    "repeats": repeats,
    "graph": graph,
    "ratings": ratings,
    "content": content,
    "fashion": fashion,
    "tiny": tiny,
}

#: Thirty customers are chance, and a list that is the same for everybody is one observation however many
#: are asked: what is judged is the mean over several such shops.
DRAWS = {"tiny": 6, "fashion": 4}


def measure(shop: Shop, singles: tuple[str, ...], seed: int) -> Report:
    """Evaluate auto and every single model, tuned, on the shop's last four weeks or a hold-out."""
    interactions, items = shop
    auto = Auto(seed=seed)
    bare = items is None
    singles = tuple(name for name in singles if not (bare and name in ("content", "naive-bayes")))
    models: dict[str, Recommender] = {"auto": auto, **{name: Tuned(auto, name) for name in singles}}
    if "rating" in interactions.columns:
        models["sgd-mf"] = create("sgd-mf")
    cut = CUT if "timestamp" in interactions.columns else None
    return evaluate(interactions, cut, 28.0, models, items=items, min_item_users=2, seed=seed)


def judged(name: str, report: Report) -> list[dict[str, Any]]:
    """Return one result an objective, and show the figures."""
    results = []
    for goal in OBJECTIVES:
        lines = {line.name: line.ndcg10 for line in report.models if line.objective == goal.value}
        if not lines:
            continue
        order = sorted((one for one in lines if one != "auto"), key=lambda one: -lines[one])
        ahead = report.comparison("auto", order[0], goal.value)
        low, high = ahead.interval
        print(
            f"{name:<8} {goal.value:<10} auto {lines['auto']:.4f}, "
            f"{', '.join(f'{one} {lines[one]:.4f}' for one in order[:3])}; "
            f"auto - {order[0]} {ahead.difference:+.4f} ({low:+.4f} to {high:+.4f})",
            file=sys.stderr,
        )
        results.append(
            {
                "key": f"{name}_{goal.value}",
                "figure": round(ahead.difference, 4),
                "unit": "NDCG@10",
                "limit": 0.0,
                "interval": [round(low, 4), round(high, 4)],
                "holds": high >= 0,
                "best_single": order[0],
            }
        )
    return results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shops", default=",".join(SHOPS))
    options = parser.parse_args()
    results = []
    for name in options.shops.split(","):
        if name not in SHOPS:
            raise DataError(f"there is no shop '{name}'; choose from {', '.join(SHOPS)}")
        size, singles = (0.4, SINGLES[:8]) if options.quick else (1.0, SINGLES)
        reports = [
            measure(SHOPS[name](np.random.default_rng(options.seed + draw), size), singles, options.seed)
            for draw in range(DRAWS.get(name, 1))
        ]
        results += judged(name, reports[0] if len(reports) == 1 else pool(reports, 1000, options.seed))
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "shops", "cores": cores, "peak_mb": peak, "results": results}))


if __name__ == "__main__":
    main()
