"""High value, potential, at risk, lost: what tells who will be what, by rules, a tree, and a forest.

The classes of RFM are what a customer is today. What a shop wants to know is what they will be, so each way
is asked for the class 84 days on: the rules say that everybody stays; tree and forest learn from what was
known at the earlier moment. All three are asked about the same customers, whom none has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from recommender.arrays import AnyArray, Float64
from recommender.columns import USER
from recommender.errors import DataError
from recommender.profiling.rfm import CLASSES

FEWEST = 100
#: A leaf smaller than this is not worth a sentence.
LEAF = 0.02
DEPTH = 4
TREES = 200
ROUNDS = 500


@dataclass(frozen=True)
class Way:
    """One way of telling classes: macro-F1 (unweighted mean over the classes), each class's F1, accuracy.

    ``difference`` is to the rules, with its paired 95 % interval over customers.
    """

    name: str
    macro_f1: float
    f1: dict[str, float]
    accuracy: float
    difference: tuple[float, float, float] | None


@dataclass(frozen=True)
class Rule:
    """A path through the tree: conditions (feature, "<=" or ">", value), and whom it finds.

    ``share`` of all customers take it; ``purity`` of them are of the class.
    """

    conditions: tuple[tuple[str, str, float], ...]
    label: str
    customers: int
    share: float
    purity: float


@dataclass(frozen=True)
class ClassComparison:
    """The ways side by side; the tree as nodes for a picture, and its rules; what the forest goes by.

    A node is {"id", "feature", "threshold", "left", "right", "depth", "customers", "counts", "label"};
    leaves have no feature. ``counts`` is by class. ``tested``: how many customers the ways were asked about.
    """

    classes: tuple[str, ...]
    learned: int
    tested: int
    ways: tuple[Way, ...]
    best: str
    tree: tuple[dict[str, Any], ...]
    rules: tuple[Rule, ...]
    importance: tuple[tuple[str, float], ...]


def compare_classes(
    earlier: pl.DataFrame, later: pl.DataFrame, features: Sequence[str], seed: int = 0
) -> ClassComparison:
    """Compare rules, tree and forest on one split (70 to 30, by class).

    ``earlier``: user_id, rfm_class, and the features at that moment; ``later``: user_id, rfm_class. Missing
    values become the median. Raises DataError under 100 customers in both, or with one class only. 2,500
    customers take about 1 s.
    """
    both = earlier.join(later.select(USER, pl.col("rfm_class").alias("later")), on=USER).sort(USER)
    both = both.filter(pl.col("rfm_class").is_not_null() & pl.col("later").is_not_null())
    names = [name for name in features if both[name].drop_nulls().n_unique() > 1]
    if both.height < FEWEST:
        raise DataError(f"classes need {FEWEST} customers known at both moments; there are {both.height}")
    truth = both["later"].to_numpy()
    found, sizes = np.unique(truth, return_counts=True)
    if len(found) < 2 or sizes.min() < 4 or not names:
        raise DataError("these customers are nearly all of one class")
    points = both.select(pl.col(name).cast(pl.Float64).fill_nan(None) for name in names)
    points = points.with_columns(pl.col(name).fill_null(pl.col(name).median()) for name in names)
    values: Float64 = points.to_numpy()
    learn, test = train_test_split(np.arange(both.height), test_size=0.3, random_state=seed, stratify=truth)
    leaf = max(5, round(LEAF * len(learn)))
    tree = DecisionTreeClassifier(
        max_depth=DEPTH,
        min_samples_leaf=leaf,
        min_impurity_decrease=1e-4,  # rounding would part a group that is pure
        class_weight="balanced",
        random_state=seed,
    ).fit(values[learn], truth[learn])
    forest = RandomForestClassifier(
        TREES, min_samples_leaf=3, class_weight="balanced_subsample", random_state=seed, n_jobs=1
    ).fit(values[learn], truth[learn])
    said = {
        "rules": both["rfm_class"].to_numpy()[test],
        "tree": tree.predict(values[test]),
        "forest": forest.predict(values[test]),
    }
    ways = tuple(_way(name, answer, said["rules"], truth[test], seed) for name, answer in said.items())
    nodes = _nodes(tree, names, values, truth)
    importance = sorted(zip(names, forest.feature_importances_.tolist(), strict=True), key=lambda p: -p[1])
    return ClassComparison(
        classes=tuple(name for name in CLASSES if name in found),
        learned=len(learn),
        tested=len(test),
        ways=ways,
        best=max(ways, key=lambda way: way.macro_f1).name,
        tree=nodes,
        rules=_rules(nodes),
        importance=tuple(importance),
    )


def _way(name: str, said: AnyArray, rules: AnyArray, truth: AnyArray, seed: int) -> Way:
    labels = [label for label in CLASSES if label in set(truth)]
    each = f1_score(truth, said, labels=labels, average=None, zero_division=0)
    difference = None if name == "rules" else _difference(said, rules, truth, labels, seed)
    return Way(
        name,
        float(np.mean(each)),
        dict(zip(labels, map(float, each), strict=True)),
        float(np.mean(said == truth)),
        difference,
    )


def _difference(
    said: AnyArray, rules: AnyArray, truth: AnyArray, labels: Sequence[str], seed: int
) -> tuple[float, float, float]:
    """Return by how much a way's macro-F1 exceeds the rules', and the interval by resampling customers."""
    random = np.random.default_rng(seed)
    draws = random.integers(0, len(truth), (ROUNDS, len(truth)))
    gaps = [_macro(said[d], truth[d], labels) - _macro(rules[d], truth[d], labels) for d in draws]
    whole = _macro(said, truth, labels) - _macro(rules, truth, labels)
    low, high = np.quantile(gaps, [0.025, 0.975])
    return whole, float(low), float(high)


def _macro(said: AnyArray, truth: AnyArray, labels: Sequence[str]) -> float:
    both = [(said == label, truth == label) for label in labels]
    scores = [2 * (a & b).sum() / max(a.sum() + b.sum(), 1) for a, b in both]
    return float(np.mean(scores))


def _nodes(
    tree: DecisionTreeClassifier, names: Sequence[str], values: Float64, truth: AnyArray
) -> tuple[dict[str, Any], ...]:
    """Return the tree's nodes with all customers sent through it."""
    inner = tree.tree_
    passed = tree.decision_path(values).tocsc()
    depth = {0: 0}
    nodes: list[dict[str, Any]] = []
    for number in range(inner.node_count):
        rows = passed.indices[passed.indptr[number] : passed.indptr[number + 1]]
        counts = {label: int((truth[rows] == label).sum()) for label in CLASSES}
        node: dict[str, Any] = {
            "id": number,
            "depth": depth[number],
            "customers": len(rows),
            "counts": counts,
            "label": str(tree.classes_[int(inner.value[number][0].argmax())]),
        }
        left, right = int(inner.children_left[number]), int(inner.children_right[number])
        if left >= 0:
            depth[left] = depth[right] = depth[number] + 1
            node |= {
                "feature": names[int(inner.feature[number])],
                "threshold": float(inner.threshold[number]),
                "left": left,
                "right": right,
            }
        nodes.append(node)
    return tuple(nodes)


def _rules(nodes: Sequence[dict[str, Any]]) -> tuple[Rule, ...]:
    """Return the paths to the leaves, those of most customers first."""
    whole = nodes[0]["customers"]
    found: list[Rule] = []

    def walk(number: int, bounds: dict[tuple[str, str], float]) -> None:
        node = nodes[number]
        if "feature" not in node:
            conditions = tuple((name, sign, value) for (name, sign), value in bounds.items())
            right = node["counts"][node["label"]] / max(node["customers"], 1)
            found.append(Rule(conditions, node["label"], node["customers"], node["customers"] / whole, right))
            return
        # A later condition on the same feature and side is the tighter one.
        walk(node["left"], bounds | {(node["feature"], "<="): node["threshold"]})
        walk(node["right"], bounds | {(node["feature"], ">"): node["threshold"]})

    walk(0, {})
    return tuple(sorted(found, key=lambda rule: -rule.customers))
