from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest

from recommender import DataError, Dataset
from recommender.reading import clean_interactions, moment, read_table, seconds
from tests.recommender.shops import rows


def test_matrix_adds_decayed_weights():
    data = Dataset.from_frame(rows(("a", "x", 0), ("a", "x", 10), ("b", "y", 10)))
    expected = np.array([[np.exp(-10 / 5) + 1, 0], [0, 1]])
    assert np.allclose(data.matrix(5).toarray(), expected)
    assert np.allclose(data.matrix(5, log=True).toarray(), np.log1p(expected))
    assert data.seen.toarray().tolist() == [[2, 0], [0, 1]]


def test_a_fold_in_history_decays_likewise():
    data = Dataset.from_frame(rows(("a", "x", 0), ("b", "y", 0)))
    history = data.history(["y", "unknown", "y"], days_ago=[0, 1, 5])
    assert np.allclose(history.matrix(5).toarray(), [[0, 1 + np.exp(-1)]])
    with pytest.raises(DataError, match="days_ago has 1 entries for 2 items"):
        data.history(["x", "y"], days_ago=[1])


def test_lines_of_one_basket_are_one_row():
    frame = pl.DataFrame(
        {
            "user_id": ["a"] * 4,
            "item_id": ["x"] * 4,
            "basket": ["1", "1", "2", None],
            "quantity": [1, 2, 3, 4],
        }
    )
    cleaned = clean_interactions(frame)
    assert sorted(cleaned.frame["quantity"].to_list()) == [3, 3, 4]
    assert Dataset.from_frame(frame).seen.toarray().tolist() == [[3]]


def test_without_a_basket_one_instant_is_one_row():
    assert Dataset.from_frame(rows(("a", "x", 0), ("a", "x", 0), ("a", "x", 1))).rows == 2


def test_unusable_rows_are_counted_by_cause():
    frame = pl.DataFrame(
        {
            "user_id": ["a", None, " ", "a", "a", "a", "a"],
            "item_id": ["x", "x", "x", None, "x", "x", "x"],
            "timestamp": [
                "2024-01-01",
                "2024-01-01",
                "2024-01-01",
                "2024-01-01",
                "soon",
                "2024-01-02",
                "2024-01-03",
            ],
            "quantity": ["1", "1", "1", "1", "1", "0", "many"],
        }
    )
    cleaned = clean_interactions(frame)
    assert cleaned.rejected == {"missing_id": 3, "bad_timestamp": 1, "not_positive": 1, "bad_number": 1}
    assert cleaned.frame.height == 1


def test_nothing_usable_is_an_error_that_says_why():
    with pytest.raises(DataError, match=r"no usable interactions \(left out: 1 missing_id\)"):
        Dataset.from_frame(pl.DataFrame({"user_id": [None], "item_id": ["x"]}))
    with pytest.raises(DataError, match="column item_id is missing"):
        Dataset.from_frame(pl.DataFrame({"user_id": ["a"]}))


def test_times_in_milliseconds_are_refused_and_not_taken_for_a_far_future():
    frame = pl.DataFrame({"user_id": ["a"], "item_id": ["x"], "timestamp": ["1509926400000"]})
    with pytest.raises(DataError, match="divide milliseconds by 1000"):
        clean_interactions(frame)
    assert clean_interactions(frame.with_columns(timestamp=pl.lit("1509926400"))).frame.height == 1


def test_ids_stay_text(tmp_path):
    (tmp_path / "d.csv").write_text("user_id,item_id\n007,0010\n7,10\n", encoding="utf-8")
    data = Dataset.from_frame(read_table(tmp_path / "d.csv"))
    assert list(data.users) == ["007", "7"]
    assert list(data.items) == ["0010", "10"]
    assert list(Dataset.from_frame(pl.DataFrame({"user_id": [7], "item_id": [10]})).users) == ["7"]


def test_as_of_leaves_out_what_comes_at_or_after_it():
    data = Dataset.from_frame(rows(("a", "x", 0), ("a", "y", 1), ("a", "z", 2)), as_of="2024-01-02")
    assert list(data.items) == ["x"]
    assert data.rejected == {"after_as_of": 2}


def test_rare_items_are_dropped_by_distinct_users():
    data = Dataset.from_frame(
        rows(("a", "x", 0), ("a", "x", 1), ("a", "y", 0), ("b", "y", 0)), min_item_users=2
    )
    assert list(data.items) == ["y"]


def test_cold_items_are_kept_on_request():
    items = pl.DataFrame({"item_id": ["x", "new"], "kind": ["a", "a"]})
    assert list(Dataset.from_frame(rows(("a", "x", 0)), items, keep_cold_items=True).items) == ["new", "x"]
    assert list(Dataset.from_frame(rows(("a", "x", 0)), items).items) == ["x"]


def test_before_keeps_ids_and_drops_items_too_rare_by_then():
    data = Dataset.from_frame(
        rows(("a", "x", 0), ("b", "x", 5), ("a", "y", 0), ("b", "y", 1), ("a", "x", 9)), min_item_users=2
    )
    early = data.before(moment("2024-01-03"))
    assert list(early.items) == ["x", "y"]
    assert early.seen.toarray().tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "2024-01-01T02:00:00+02:00",
        "1704067200",
        1704067200,
        date(2024, 1, 1),
        datetime(2024, 1, 1),
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))),
    ],
)
def test_moments(value):
    assert moment(value) == 1704067200.0


def test_time_columns_of_every_kind_agree():
    when = [datetime(2024, 1, 1)]
    columns = [
        pl.Series(["2024-01-01"]),
        pl.Series([1704067200]),
        pl.Series(when, dtype=pl.Datetime("ns")),
        pl.Series(when).dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Shanghai"),
        pl.Series([date(2024, 1, 1)]),
    ]
    assert [seconds(column).to_list() for column in columns] == [[1704067200.0]] * 5


def test_a_file_that_is_no_table_is_a_clear_error(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "x.parquet").write_bytes(b"not parquet")
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "x.parquet")
