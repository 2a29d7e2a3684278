import numpy as np
import polars as pl
import pytest

from recommender import DataError, Dataset, Objective, evaluate
from recommender.reading import clean_interactions
from recommender.validation.measures import Measures, grouping, rating_errors
from recommender.validation.splits import Split, cut_at, holdout, truth_matrix
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


def rated(*entries, start=0):
    """Interactions with ratings: (user, item, rating), a day each."""
    frame = rows(*[(user, item, start + day) for day, (user, item, _) in enumerate(entries)])
    return frame.with_columns(rating=pl.Series([stars for _, _, stars in entries], dtype=pl.Float64))


class Stars:
    """Expects 4 for everything."""

    def predict(self, users, items):
        return np.full(len(users), 4, dtype=np.float32)


def test_errors_of_ratings_by_hand():
    before = rated(("alice", "tea", 5), ("bob", "cup", 1), ("bob", "tea", 3))
    # Neither Eve nor the pot is known at the cut, and Bob's second purchase has no rating.
    after = rated(
        ("alice", "cup", 3), ("bob", "tea", 2), ("bob", "cup", None), ("eve", "tea", 1), ("bob", "pot", 1),
        start=10,
    )  # fmt: skip
    given = cut_at(clean_interactions(pl.concat([before, after])), "2024-01-08", 28)
    assert sorted(given.rated.ratings.tolist()) == [2, 3]
    assert rating_errors(Stars(), given) == (pytest.approx(np.sqrt((1 + 4) / 2)), 1.5)
    assert rating_errors(object(), given) == (None, None)
    assert rating_errors(Stars(), split()) == (None, None)


def test_a_holdout_keeps_the_ratings_of_what_it_holds_back():
    entries = [(f"u{user}", f"i{item}", user + item / 10) for user in range(5) for item in range(10)]
    given = holdout(Dataset.from_frame(rated(*entries).drop("timestamp")))
    # Every pair has its own rating, so that a mix-up would show.
    pairs = zip(given.rated.users, given.rated.items, given.rated.ratings, strict=True)
    for user, item, stars in pairs:
        assert stars == pytest.approx(user + item / 10)
    assert len(given.rated.users) == given.truth.nnz == 10


def test_models_that_predict_ratings_report_their_errors():
    entries = [(f"u{n % 12}", f"i{n % 7}", 1 + n % 5) for n in range(84)]
    report = evaluate(rated(*entries).drop("timestamp"), models=["sgd-mf", "popularity"], min_item_users=1)
    assert 0 < report.result("sgd-mf", "discover").mae <= report.result("sgd-mf", "discover").rmse
    assert report.result("popularity", "discover").rmse is None
