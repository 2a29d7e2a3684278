import json

import numpy as np
import polars as pl
import pytest

from recommender import DataError, evaluate
from recommender.validation.intervals import pool
from recommender.validation.report import ModelResult, Report
from tests.recommender.shops import rows, two_tastes

CUTS = ["2024-03-01", "2024-03-21"]  # days 60 and 80
MODELS = ["popularity", "own-frequency"]


@pytest.fixture(scope="module")
def shop():
    interactions, items = two_tastes()
    new = [
        ("alice", "c0", 65),
        ("bob", "t1", 66),
        ("alice", "t5", 85),
        ("bob", "c5", 85),
        ("alice", "t0", 88),
    ]
    return pl.concat([interactions, rows(*new)]), items


@pytest.fixture(scope="module")
def report(shop):
    return evaluate(shop[0], CUTS, 14, MODELS, items=shop[1], resamples=100)


def test_each_cut_is_what_it_is_alone(report, shop):
    for part, cut in zip(report.parts, CUTS, strict=True):
        alone = evaluate(shop[0], cut, 14, MODELS, items=shop[1], resamples=100)
        assert part.cut == cut
        assert [(line.name, line.ndcg10, line.interval) for line in part.models] == [
            (line.name, line.ndcg10, line.interval) for line in alone.models
        ]


def test_figures_are_means_over_the_cuts(report):
    for goal in ("replenish", "discover"):
        for name in MODELS:
            parts = [part.result(name, goal) for part in report.parts]
            whole = report.result(name, goal)
            for figure in ("ndcg10", "recall10", "gini10", "novelty10", "calibration10"):
                assert getattr(whole, figure) == pytest.approx(
                    sum(getattr(part, figure) for part in parts) / len(parts)
                )
            assert whole.users == sum(part.users for part in parts)
            assert whole.interval[0] <= whole.ndcg10 <= whole.interval[1]


def test_what_is_written_holds_the_whole_and_each_cut(report, tmp_path):
    report.write(tmp_path / "report.json")
    stored = json.loads((tmp_path / "report.json").read_text())
    assert stored["cut"] == "2024-03-01, 2024-03-21"
    assert [part["cut"] for part in stored["cuts"]] == CUTS
    assert {line["name"] for line in stored["models"]} == set(MODELS)
    assert set(stored["comparisons"][0]) == {"a", "b", "objective", "difference", "interval"}
    assert "cuts" not in stored["cuts"][0]


def test_one_user_at_two_cuts_is_one_observation():
    def part(cut, values):
        line = ModelResult("m", "replenish", float(np.mean(values)), 0, 0, (0, 0), 1, 0, len(values))
        users = tuple(f"u{n:03d}" for n in range(len(values)))
        return Report(
            cut, 28, 9, 9, [line], [], per_user={("m", "replenish"): values}, asked={"replenish": users}
        )

    values = np.random.default_rng(2).random(400)
    once = pool([part("a", values)], 500, 0).result("m", "replenish").interval
    twice = pool([part("a", values), part("b", values)], 500, 0).result("m", "replenish").interval
    # The same people with the same answers tell nothing more.
    assert twice == pytest.approx(once)
    other = pool([part("a", values), part("b", values[::-1])], 500, 0).result("m", "replenish").interval
    assert other[1] - other[0] < 0.8 * (once[1] - once[0])


def test_users_asked_at_one_cut_only_count_there():
    def part(cut, users, values):
        line = ModelResult("m", "replenish", float(np.mean(values)), 0, 0, (0, 0), 1, 0, len(values))
        return Report(
            cut, 28, 9, 9, [line], [],
            per_user={("m", "replenish"): np.array(values)}, asked={"replenish": users},
        )  # fmt: skip

    whole = pool([part("a", ("alice",), [1.0]), part("b", ("alice", "bob"), [0.5, 0.0])], 50, 0)
    assert whole.result("m", "replenish").ndcg10 == (1 + 0.25) / 2


def test_the_same_cut_twice_is_refused(shop):
    with pytest.raises(DataError, match="once only"):
        evaluate(shop[0], [CUTS[0], CUTS[0]], 14, MODELS)
