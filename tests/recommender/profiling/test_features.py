import polars as pl
import pytest

from recommender import DataError
from recommender.profiling import customer_features
from tests.recommender.shops import rows

SHOP = rows(("alice", "tea", 0), ("alice", "cup", 0), ("alice", "tea", 14), ("bob", "tea", 27)).with_columns(
    amount=pl.Series([3.0, 6.0, 1.0, 5.0]), discount=pl.Series([0.0, 0.0, 10.0, 0.0])
)


def test_values_by_hand():
    alice, bob = customer_features(SHOP, "2024-01-29").to_dicts()
    assert alice["recency_days"] == 14
    assert alice["tenure_days"] == 28
    assert alice["baskets"] == 2
    assert alice["baskets_per_week"] == 0.5
    assert alice["amount"] == 10
    assert alice["basket_value"] == 5
    assert alice["basket_items"] == 1.5
    assert alice["distinct_items"] == 2
    assert alice["mean_gap_days"] == 14
    assert alice["repeat_share"] == pytest.approx(1 / 3)
    assert alice["discount_share"] == 0.5
    assert (bob["mean_gap_days"], bob["repeat_share"], bob["baskets_per_week"]) == (None, 0, 1)
    # Day 27 of 2024 is Sunday, 28 January; all baskets are at midnight.
    assert (bob["weekend_share"], bob["morning_share"], bob["evening_share"]) == (1, 1, 0)


def test_later_rows_change_nothing():
    assert customer_features(SHOP, "2024-01-20").equals(customer_features(SHOP.head(3), "2024-01-20"))


def test_what_the_data_do_not_have_is_left_out():
    assert "amount" not in customer_features(SHOP.drop("amount", "discount")).columns


def test_times_are_needed():
    with pytest.raises(DataError, match="timestamp"):
        customer_features(SHOP.drop("timestamp"))
    with pytest.raises(DataError, match="no usable interactions before"):
        customer_features(SHOP, "2020-01-01")
