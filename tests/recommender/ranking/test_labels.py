"""What customers were shown weighs by the inverse of its chance, capped, and evens out."""

import numpy as np
import polars as pl
import pytest

from recommender.columns import OBJECTIVES, Objective
from recommender.dataset import Dataset
from recommender.ids import Ids
from recommender.ranking.examples import Examples
from recommender.ranking.labels import MOST_WEIGHT, Shown
from recommender.validation.splits import Split, truth_matrix

USERS, ITEMS = Ids(["u1", "u2"]), Ids(["a", "b", "c"])


def shown(*rows: tuple[str, str, float, float]) -> Shown:
    frame = pl.DataFrame(
        rows, schema=["user_id", "item_id", "timestamp", "propensity"], orient="row"
    ).with_columns(pl.col("timestamp", "propensity").cast(pl.Float64))
    return Shown.from_frame(frame, USERS, ITEMS)


def test_weights_are_inverse_chances_capped_with_a_mean_of_one():
    found = shown(("u1", "a", 5, 0.5), ("u1", "b", 5, 0.001), ("u2", "a", 5, 1.0), ("nobody", "a", 5, 1.0))
    weights = found.weights(0, 10, (2, 3)).toarray()
    raw = np.array([[2.0, MOST_WEIGHT, 0.0], [1.0, 0.0, 0.0]])
    assert weights == pytest.approx(raw / (13 / 3))
    # Shown twice, a pair has its larger weight; what was shown at another time is no part of it.
    twice = shown(("u1", "a", 5, 0.5), ("u1", "a", 6, 0.25), ("u1", "b", 11, 1.0), ("u2", "c", 5, 1.0))
    assert twice.weights(0, 10, (2, 3)).toarray() == pytest.approx(np.array([[4.0, 0, 0], [0, 0, 1.0]]) / 2.5)
    assert found.weights(20, 30, (2, 3)) is None


def test_what_was_shown_is_always_learned_from_with_its_weight():
    train = Dataset.from_frame(
        pl.DataFrame(
            {"user_id": ["u1", "u2", "u2"], "item_id": ["a", "b", "c"], "timestamp": [1.0, 2.0, 3.0]}
        )
    )
    truth = truth_matrix(np.array([0, 1], np.int32), np.array([0, 1], np.int32), train)

    def look(rows):
        lines = np.repeat(np.arange(len(rows), dtype=np.int32), 3)
        codes = np.tile(np.arange(3, dtype=np.int32), len(rows))
        return lines, codes, np.stack([lines, codes], axis=1).astype(np.float32)

    examples = Examples(negatives=0.0, most_users=10, seed=0)
    weights = shown(("u1", "b", 5, 0.5), ("u2", "b", 5, 1.0)).weights(0, 10, (2, 3))
    examples.add(Split(train, truth), look, 10, weights)
    goal = Objective.REPLENISH
    [figures], [found], [given] = examples._figures[goal], examples._found[goal], examples._weights[goal]
    # Both true pairs; and one that was shown in vain, which no sample of others had taken.
    rows = list(zip(*figures.T.tolist(), found.tolist(), given.tolist(), strict=True))
    assert rows == [
        (0, 0, True, 1.0), (0, 1, False, pytest.approx(4 / 3)), (1, 1, True, pytest.approx(2 / 3))
    ]  # fmt: skip
    assert examples.evidence(goal)["shown"] == 2
    plain = Examples(negatives=0.0, most_users=10, seed=0)
    plain.add(Split(train, truth), look, 10)
    assert {goal: plain.evidence(goal)["shown"] for goal in OBJECTIVES} == dict.fromkeys(OBJECTIVES, 0)
