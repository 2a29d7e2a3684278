import json

import polars as pl
import pytest

from recommender import DataError, create, evaluate
from recommender.validation import cj28
from tests.recommender.shops import rows, two_tastes

CUT = "2024-03-21"  # day 80


@pytest.fixture(scope="module")
def report():
    interactions, items = two_tastes()
    later = rows(("alice", "t5", 85), ("bob", "c5", 85), ("alice", "t0", 88))
    models = ["popularity", "own-frequency", "user-knn"]
    return evaluate(pl.concat([interactions, later]), CUT, 28, models, items=items)


def test_figures_by_hand(report):
    # New to Alice and Bob are t5 and c5: user-kNN has each first. By popularity Alice sees t5 behind c0–c4.
    assert report.result("user-knn", "discover").ndcg10 == 1.0
    assert report.result("user-knn", "discover").recall10 == 1.0
    assert report.result("user-knn", "discover").users == 2
    assert report.result("user-knn", "discover").fallback_share < 1
    assert report.result("own-frequency", "discover").fallback_share == 1.0
    assert report.result("own-frequency", "discover").ndcg10 == report.result("popularity", "discover").ndcg10
    assert report.result("popularity", "discover").ndcg10 < 1


def test_pairs_are_compared_both_ways(report):
    ahead = report.comparison("user-knn", "popularity", "discover")
    back = report.comparison("popularity", "user-knn", "discover")
    assert ahead.difference == -back.difference > 0
    assert ahead.interval == (-back.interval[1], -back.interval[0])
    assert len(report.comparisons) == 2 * 3


def test_the_written_report_has_the_agreed_shape(report, tmp_path):
    report.write(tmp_path / "report.json")
    stored = json.loads((tmp_path / "report.json").read_text())
    assert (stored["cut"], stored["days"]) == (CUT, 28)
    assert {"name", "objective", "ndcg10", "recall10", "coverage10", "interval", "fit_seconds"} <= set(
        stored["models"][0]
    )
    assert set(stored["comparisons"][0]) == {"a", "b", "objective", "difference", "interval"}
    assert len(stored["models"]) == 6


def test_rows_after_the_window_and_the_order_of_rows_change_nothing(report):
    interactions, items = two_tastes()
    later = rows(
        ("alice", "t5", 85), ("bob", "c5", 85), ("alice", "t0", 88), ("bob", "t3", 110), ("eve", "t3", 200)
    )
    mixed = pl.concat([interactions, later]).sample(fraction=1, shuffle=True, seed=5)
    again = evaluate(mixed, CUT, 28, ["popularity", "own-frequency", "user-knn"], items=items)
    assert [(line.name, line.ndcg10, line.interval) for line in again.models] == [
        (line.name, line.ndcg10, line.interval) for line in report.models
    ]


def test_a_fitted_hybrid_can_be_passed_in_and_keeps_its_weights():
    interactions, items = two_tastes()
    model = create("hybrid")
    evaluate(interactions, CUT, 28, [model], items=items)
    assert sum(model.weights_["replenish"].values()) == pytest.approx(1)


def test_without_timestamps_a_holdout_is_evaluated():
    interactions, items = two_tastes()
    found = evaluate(interactions.drop("timestamp"), models=["popularity", "item-knn"], items=items)
    assert found.cut is None
    assert found.result("item-knn", "discover").ndcg10 > 0.9


@pytest.mark.parametrize(
    ("change", "cut", "days", "message"),
    [
        (lambda frame: frame, None, 28, "say where to cut"),
        (lambda frame: frame.drop("timestamp"), CUT, 28, "no timestamp column"),
        (lambda frame: frame, "2020-01-01", 28, "no interactions before the cut"),
        (lambda frame: frame, "2030-01-01", 28, "no interactions in the 28 days"),
        (lambda frame: frame, "someday", 28, "not a time"),
        (lambda frame: frame, CUT, 0, "days must be above 0"),
    ],
)
def test_impossible_questions_are_refused(change, cut, days, message):
    with pytest.raises(DataError, match=message):
        evaluate(change(two_tastes()[0]), cut, days, ["popularity"])


def test_without_a_cut_the_error_names_one_that_works():
    interactions, _ = two_tastes()
    with pytest.raises(DataError, match=r"timestamps \(2024-01-01 to \S+\)") as refused:
        evaluate(interactions, None, 28, ["popularity"])
    named = str(refused.value).rpartition(" ")[2]
    assert evaluate(interactions, named, 28, ["popularity"]).cut == named


def test_the_table_shows_rating_errors_only_where_a_model_predicts_ratings():
    interactions, _ = two_tastes()
    bare = interactions.drop("timestamp")
    assert "RMSE" not in evaluate(bare, models=["popularity"]).table()
    rated = bare.with_columns(rating=pl.lit(1.0) + pl.int_range(pl.len()) % 5)
    report = evaluate(rated, models=["popularity", "sgd-mf"])
    heading, *lines = report.table().splitlines()
    shown = {line.split()[1]: line.split()[-1] for line in lines}
    assert heading.endswith("RMSE")
    assert shown["popularity"] == "–"
    assert float(shown["sgd-mf"]) == pytest.approx(report.result("sgd-mf", "discover").rmse, abs=5e-4)


def test_complete_journey_is_prepared_as_the_protocol_says():
    products = pl.DataFrame(
        {
            "product_id": [1, 2, 3],
            "manufacturer_id": [1, 1, 1],
            "department": ["GROCERY", "FUEL", None],
            "brand": ["National"] * 3,
            "product_category": ["MILK", "GAS", None],
            "product_type": [None, "GAS", None],
            "package_size": [None, None, None],
        }
    )
    transactions = pl.DataFrame(
        {
            "household_id": [9, 9, 9, 9],
            "basket_id": [5, 5, 5, 6],
            "product_id": [1, 2, 3, 1],
            "quantity": [1, 1, 1, 0],
            "sales_value": [1.0] * 4,
            "retail_disc": [0.5] * 4,
            "coupon_disc": [0.0] * 4,
            "coupon_match_disc": [0.0] * 4,
            "transaction_timestamp": [0] * 4,
        }
    )
    interactions, items = cj28.prepare(transactions, products)
    assert interactions.select("user_id", "item_id", "basket", "discount").rows() == [("9", "1", "5", 0.5)]
    assert items["item_id"].to_list() == ["1"]
    assert cj28.prepare(transactions, products, "product_type")[0].is_empty()
