"""What comes after a cut is not known before it."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import DataError, Dataset, Objective, evaluate
from recommender.attributes import item_features
from recommender.dataset import DAY
from recommender.reading import clean_interactions, moment
from recommender.validation.page import page
from recommender.validation.splits import cut_at, last_window, windows_back
from tests.recommender.shops import rows, two_tastes

CUT = "2024-02-10"  # day 40
ENTRIES = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("uvwxyz"), st.integers(0, 79)), max_size=40
)
BEFORE = [("a", "u", 0), ("b", "u", 5), ("b", "v", 39)]


def same(one: Dataset, other: Dataset) -> bool:
    """Say whether two training sets are the same to the last row."""
    names = ("user_codes", "item_codes", "weights", "times")
    equal = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    return equal and (one.users, one.items, one.as_of) == (other.users, other.items, other.as_of)


@given(ENTRIES)
def test_rows_from_the_cut_on_change_nothing_in_the_training_set(entries):
    future = [(user, item, day) for user, item, day in entries if day >= 40]
    known = clean_interactions(rows(*BEFORE, ("a", "u", 41)))
    more = clean_interactions(rows(*BEFORE, ("a", "u", 41), *future, ("new", "never seen", 60)))
    one, other = (cut_at(cleaned, CUT, 28, min_item_users=1).train for cleaned in (known, more))
    assert same(one, other)


@given(ENTRIES)
def test_a_cut_divides_what_it_is_given(entries):
    split = cut_at(clean_interactions(rows(*BEFORE, ("a", "u", 41), *entries)), CUT, 28)
    assert split.train.times.max() < moment(CUT)
    asked = {
        (user, item)
        for user, item, day in [("a", "u", 41), *entries]
        if 40 <= day < 68 and user in split.train.users and item in split.train.items
    }
    found = zip(*split.truth.nonzero(), strict=True)
    assert {(split.train.users[int(u)], split.train.items[int(i)]) for u, i in found} == asked
    new = split.truth_for(Objective.DISCOVER)
    assert new.multiply(split.train.seen).nnz == 0
    assert new.nnz <= split.truth.nnz


@given(ENTRIES, st.integers(1, 30))
def test_windows_are_taken_from_the_end_and_never_overlap(entries, days):
    dataset = Dataset.from_frame(rows(*BEFORE, *entries))
    edges = [split.train.as_of for split in windows_back(dataset, days)]
    assert edges == sorted(edges, reverse=True)
    for split in windows_back(dataset, days):
        assert split.train.times.max() < split.train.as_of
    if dataset.times.max() > dataset.times.min():
        split = last_window(dataset, days)
        assert dataset.as_of - split.train.as_of <= days * DAY
        assert (split.train.times < split.train.as_of).all()


def test_features_of_items_and_figures_of_models_do_not_move_either():
    interactions, items = two_tastes()
    later = rows(("alice", "t5", 85), ("bob", "c5", 85))
    after = rows(*[(f"new-{n}", "t5", 110 + n) for n in range(30)], ("bob", "t0", 120), ("bob", "later", 120))
    more_items = pl.concat([items, pl.DataFrame({"item_id": ["later"], "category": ["tea"], "label": ["x"]})])
    models = ["recent-popularity", "user-knn", "content", "als"]
    known = evaluate(interactions.vstack(later), "2024-03-21", 20, models, items=items, resamples=20)
    told = evaluate(
        pl.concat([interactions, later, after]), "2024-03-21", 20, models, items=more_items, resamples=20
    )
    strip = [[{**vars(line), "fit_seconds": 0} for line in report.models] for report in (known, told)]
    assert strip[0] == strip[1]
    splits = [
        cut_at(clean_interactions(frame), "2024-03-21", 20, items=attributes)
        for frame, attributes in (
            (interactions.vstack(later), items),
            (pl.concat([interactions, later, after]), more_items),
        )
    ]
    one, other = (item_features(split.train.attributes, len(split.train.items)) for split in splits)
    assert one[1] == other[1]
    assert (one[0] != other[0]).nnz == 0


@pytest.mark.parametrize(
    "entries",
    [
        [("only", "one", 1), ("only", "one", 50)],
        [("u", "i", 1), ("v", "i", 2), ("u", "i", 50)],
        [("小明", "绿茶 ☕", 1), ("Zoë", "<b>'\"", 2), ("小明", "<b>'\"", 50)],
        [*[(f"u{n}", "same", 1) for n in range(9)], *[(f"u{n}", "same", 50) for n in range(9)]],
    ],
    ids=["one user, one item", "one item", "non-ascii", "all alike"],
)
def test_the_smallest_shops_are_evaluated(entries):
    report = evaluate(rows(*entries), CUT, 28, ["popularity", "als"], min_item_users=1, resamples=20)
    assert all(0 <= line.ndcg10 <= 1 for line in report.models)


def test_the_smallest_shop_has_a_page_and_its_names_stay_text():
    entries = [("小明", "绿茶 ☕", 1), ("Zoë", "<b>'\"", 2), ("小明", "<b>'\"", 50)]
    assert "<b>" not in page(
        evaluate(rows(*entries), CUT, 28, ["popularity"], min_item_users=1, resamples=20)
    )


def test_where_nobody_can_be_asked_it_says_so():
    with pytest.raises(DataError, match="nothing to evaluate"):
        evaluate(rows(("a", "u", 1), ("b", "v", 50)), CUT, 28, ["popularity"], min_item_users=1)
