import numpy as np
import polars as pl
import pytest

from recommender import DataError, Dataset, Objective
from recommender.validation.measures import Measures, grouping
from recommender.validation.splits import Split, truth_matrix
from tests.recommender.shops import rows

ITEMS = pl.DataFrame(
    {
        "item_id": [f"i{n}" for n in range(10)],
        "name": [f"thing {n}" for n in range(10)],
        "kind": ["tea"] * 5 + ["cup"] * 5,
        "colour": ["red", "blue"] * 5,
    }
)


def split(items=None):
    """Alice has i0 to i3 (tea), Bob has i0; all items are somebody's. Then both take i4 and Alice i0."""
    train = Dataset.from_frame(
        rows(
            *[("alice", f"i{n}", 1) for n in range(4)],
            ("bob", "i0", 1),
            *[("eve", f"i{n}", 1) for n in range(10)],
        ),
        items,
    )
    users = train.users.codes(["alice", "bob", "alice"])
    return Split(train, truth_matrix(users, train.items.codes(["i4", "i4", "i0"]), train))


def test_all_figures_by_hand():
    given = split(ITEMS)
    measures = Measures(given)
    lists = np.array([[0, 5], [4, 9]], dtype=np.int32)  # Alice: a hit and a miss. Bob: likewise.
    figures, values = measures.of(lists, given.train.users.codes(["alice", "bob"]), Objective.REPLENISH)
    alice = 1 / (1 + 1 / np.log2(3))
    assert values.tolist() == pytest.approx([alice, 1])
    assert figures.ndcg10 == pytest.approx((alice + 1) / 2)
    assert figures.recall10 == (0.5 + 1) / 2
    assert figures.precision10 == 0.5
    assert figures.f1_10 == pytest.approx((0.5 + 2 / 3) / 2)
    assert figures.map10 == (0.5 + 1) / 2
    assert figures.mrr10 == figures.hit_rate10 == 1
    assert figures.coverage10 == 0.4
    assert figures.gini10 == pytest.approx((3 + 5 + 7 + 9) / (4 * 9))
    # i0 has 3 of the 3 customers, i4, i5 and i9 have 1.
    assert figures.novelty10 == pytest.approx((np.log2(3) / 2 + np.log2(3)) / 2)
    # Both had tea only and are shown half tea: ln(1 / (0.99 / 2 + 0.01)).
    assert figures.calibration10 == pytest.approx(-np.log(0.505))
    assert (measures.category, measures.diversity_by) == ("kind", "attributes")
    assert 0 < figures.diversity10 <= 1


def test_without_attributes_likeness_is_by_buyers_and_calibration_says_nothing():
    given = split()
    measures = Measures(given)
    lists = np.array([[0, 1], [8, 9]], dtype=np.int32)
    figures, _ = measures.of(lists, given.train.users.codes(["alice", "bob"]), Objective.DISCOVER)
    assert (measures.category, measures.diversity_by, figures.calibration10) == (None, "buyers", None)
    # i0 has three buyers, two of whom i1 shares; i8 and i9 have the same one.
    assert figures.diversity10 == pytest.approx((1 - 2 / np.sqrt(6)) / 2)


def test_the_category_is_the_first_attribute_that_groups_items():
    assert grouping(ITEMS, None)[0] == "kind"
    assert grouping(ITEMS, "colour")[1].tolist() == [1, 0] * 5
    assert grouping(ITEMS.select("item_id", "name"), None) == (None, None)
    assert grouping(None, None) == (None, None)


def test_an_unknown_category_is_refused_with_the_known_columns():
    with pytest.raises(DataError, match=r"no column size .*columns found: name, kind, colour"):
        grouping(ITEMS, "size")
