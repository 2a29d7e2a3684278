import pytest

from recommender import DataError, Dataset, create
from recommender.ranking.chain import reason_shares, recommend_by_chain
from tests.recommender.shops import rows, two_tastes


def test_the_next_model_fills_what_the_first_leaves_open():
    interactions, items = two_tastes()
    data = Dataset.from_frame(interactions, items)
    models = [create(name).fit(data) for name in ("own-frequency", "user-knn")]
    lists = recommend_by_chain(models, ["alice", "nobody"], 7)
    assert [reason for _, _, reason in lists.for_user(0)] == ["own-frequency"] * 5 + ["user-knn"] + [
        "fallback"
    ]
    assert [item for item, _, _ in lists.for_user(0)][5] == "t5"
    assert {reason for _, _, reason in lists.for_user(1)} == {"fallback"}
    assert reason_shares(lists) == {"fallback": 8 / 14, "own-frequency": 5 / 14, "user-knn": 1 / 14}
    for position in (0, 1):
        got = [item for item, _, _ in lists.for_user(position)]
        assert len(set(got)) == 7


def test_a_chain_keeps_to_the_objective():
    interactions, items = two_tastes()
    data = Dataset.from_frame(interactions, items)
    models = [create(name).fit(data) for name in ("user-knn", "popularity")]
    lists = recommend_by_chain(models, ["alice"], 12, "discover", exclude=["c0"])
    assert not {"t0", "t1", "t2", "t3", "t4", "c0"} & {item for item, _, _ in lists.for_user(0)}


def test_other_catalogues_do_not_mix():
    models = [create("popularity").fit(Dataset.from_frame(rows(("a", item, 1)))) for item in ("x", "y")]
    with pytest.raises(DataError, match="another catalogue"):
        recommend_by_chain(models, ["a"])
    with pytest.raises(DataError, match="at least one"):
        recommend_by_chain([], ["a"])
