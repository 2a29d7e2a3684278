import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import Dataset, Objective
from recommender.validation.splits import holdout, last_window, validation_split
from tests.recommender.shops import rows

SHOP = rows(
    ("alice", "tea", 0),
    ("alice", "tea", 95),
    ("alice", "cup", 96),
    ("alice", "pot", 99),
    ("bob", "cup", 10),
    ("bob", "pot", 20),
    ("charlie", "tea", 98),
    ("dora", "tea", 100),
)


def test_the_last_window_holds_only_what_could_have_been_recommended():
    data = Dataset.from_frame(SHOP, as_of="2024-04-20")
    split = last_window(data, 20)
    assert (
        split.train.times.max() < split.train.as_of <= data.times[data.times > split.train.times.max()].min()
    )
    alice = data.users.codes(["alice"])[0]
    # Charlie and Dora have no training row.
    assert split.evaluated(Objective.REPLENISH).tolist() == [alice]
    assert split.truth[alice].toarray().ravel().tolist() == [1, 1, 1]
    assert [data.items[c] for c in split.truth_for(Objective.DISCOVER)[alice].indices] == ["cup", "pot"]


def test_items_first_seen_in_the_window_are_not_asked_for():
    data = Dataset.from_frame(rows(("alice", "tea", 0), ("alice", "new", 100)))
    assert last_window(data).truth.nnz == 0


def test_a_short_history_gives_up_its_last_quarter():
    data = Dataset.from_frame(rows(*[("alice", f"i{day}", day) for day in range(9)]))
    assert last_window(data, 28).train.rows == 6


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("uvwxyz")), min_size=1, max_size=40),
    st.integers(0, 5),
)
def test_a_holdout_splits_pairs_and_leaves_everybody_something(pairs, seed):
    frame = rows(*[(user, item, 1) for user, item in pairs]).drop("timestamp")
    data = Dataset.from_frame(frame)
    split = holdout(data, seed)
    assert split.train.seen.multiply(split.truth).nnz == 0
    assert (np.diff(split.train.seen.indptr) > 0).all()
    assert split.train.seen.nnz + split.truth.nnz <= data.seen.nnz
    assert (holdout(data, seed).truth != split.truth).nnz == 0


def test_without_times_a_holdout_serves():
    data = Dataset.from_frame(rows(*[("alice", f"i{n}", 1) for n in range(10)]).drop("timestamp"))
    # Alice alone cannot be asked about items that nobody else has either.
    assert validation_split(data).train.rows == 8
    with pytest.raises(ValueError, match="holdout"):
        last_window(data)
