import polars as pl
import pytest

from recommender import DataError
from recommender.profiling import rfm


def frame(values):
    return pl.DataFrame({"recency_days": values, "baskets": values[::-1], "amount": values[::-1]})


def test_quintiles_of_ten_customers():
    scored = rfm(frame([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    assert scored["r"].to_list() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert scored["f"].to_list() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert scored["rfm"].to_list()[0] == "555"
    assert scored["rfm_class"].to_list() == ["high_value"] * 4 + ["potential"] * 2 + ["lost"] * 4


def test_equal_customers_get_equal_scores_whatever_their_order():
    people = pl.DataFrame({"recency_days": [9, 1, 1, 1, 1], "baskets": [1] * 5, "amount": [5, 5, 5, 5, 1]})
    scored = rfm(people)
    assert scored["f"].to_list() == [3] * 5
    assert scored["r"].to_list() == [1, 3, 3, 3, 3] or len(set(scored["r"].to_list()[1:])) == 1
    back = rfm(people.reverse())
    assert back.reverse().equals(scored)


def test_one_customer_is_in_the_middle():
    assert rfm(frame([3]))["rfm"].to_list() == ["333"]


def test_frequent_buyers_who_stay_away_are_at_risk():
    people = pl.DataFrame(
        {"recency_days": [1, 2, 3, 4, 90], "baskets": [1, 2, 3, 4, 50], "amount": [1, 2, 3, 4, 50]}
    )
    assert rfm(people)["rfm_class"].to_list()[-1] == "at_risk"


def test_missing_values_stay_unknown():
    scored = rfm(pl.DataFrame({"recency_days": [1, 2, None], "baskets": [1, 2, 3], "amount": [1, 2, 3]}))
    assert scored["r"].to_list()[2] is None
    assert scored["rfm_class"].to_list()[2] is None


def test_wrong_input_is_refused():
    with pytest.raises(DataError, match="RFM needs the column amount"):
        rfm(pl.DataFrame({"recency_days": [1], "baskets": [1]}))
    with pytest.raises(DataError, match="2 to 9 bins"):
        rfm(frame([1]), bins=1)
