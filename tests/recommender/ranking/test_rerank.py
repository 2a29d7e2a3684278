import polars as pl
import pytest

from recommender import DataError, Dataset, create
from recommender.ranking.rerank import Bought, Rules, recommend_by_rules
from tests.recommender.shops import two_tastes

TEA = [f"t{n}" for n in range(6)]


@pytest.fixture(scope="module")
def model():
    interactions, items = two_tastes()
    return create("user-knn").fit(Dataset.from_frame(interactions, items))


def ids(lists, position=0):
    return [item for item, _, _ in lists.for_user(position)]


def ask(model, k=4, objective="replenish", users=("alice",), **rules):
    return recommend_by_rules(model, list(users), k, objective, Rules(**rules))


def test_without_rules_nothing_changes(model):
    users = ["alice", "bob", "nobody"]
    plain = model.recommend(users, 6)
    found = recommend_by_rules(model, users, 6)
    assert (found.codes == plain.codes).all()
    assert (found.scores == plain.scores).all()
    assert (found.is_fallback == plain.is_fallback).all()


def test_only_and_exclude(model):
    assert set(ids(ask(model, only=["t1", "t2", "c1"], exclude=["t1"]))) == {"t2", "c1"}


def test_what_is_out_of_stock_is_never_shown(model):
    lists = ask(model, 12, stock={"t0": 0, "t1": 0.5, "t2": 1})
    assert not {"t0", "t1"} & set(ids(lists))
    assert len(ids(lists)) == 10


def test_the_price_band_leaves_out_what_has_no_price(model):
    price = {"t0": 1.0, "t1": 2.0, "t2": 3.0, "c0": 2.5}
    assert set(ids(ask(model, 12, price=price, price_band=(1.5, 2.5)))) == {"t1", "c0"}
    assert set(ids(ask(model, 12, price=price, price_band=(None, 1.0)))) == {"t0"}


def test_margin_moves_a_close_second_ahead_and_no_weak_one(model):
    plain = ids(ask(model, 5))
    second = plain[1]
    assert ids(ask(model, 5, margin={second: 1.0}, margin_weight=1.0))[0] == second
    assert ids(ask(model, 5, margin={second: 1.0}, margin_weight=0.0)) == plain


def test_no_more_of_a_category_than_its_cap(model):
    kinds = dict.fromkeys(TEA, "tea") | {f"c{n}": "coffee" for n in range(6)}
    lists = ask(model, 6, category=kinds, category_cap=2, users=["alice", "nobody"])
    for position in (0, 1):
        got = [kinds[item] for item in ids(lists, position)]
        assert (got.count("tea"), got.count("coffee")) == (2, 2)


def test_items_without_a_category_are_not_capped(model):
    assert len(ids(ask(model, 6, category={"t0": "tea"}, category_cap=1))) == 6


def test_already_bought(model):
    had = {f"t{n}" for n in range(5)}
    assert not had & set(ids(ask(model, 12, bought=Bought.HIDE)))
    assert set(ids(ask(model, 12, bought=Bought.ONLY))) == had
    assert ids(ask(model, 3, bought="only", users=["nobody"])) == []


def test_pinned_items_come_first_and_keep_to_the_other_rules(model):
    assert ids(ask(model, 3, pin=["c5", "t3", "gone"]))[:2] == ["c5", "t3"]
    assert "c5" not in ids(ask(model, 3, pin=["c5"], exclude=["c5"]))
    assert "t1" not in ids(ask(model, 3, "discover", pin=["t1"]))
    assert len(set(ids(ask(model, 5, pin=["t0"])))) == 5


def test_variety_takes_the_unlike_item_earlier():
    entries = [(f"u{n}", item) for n in range(20) for item in ("a1", "a2", "a3")]
    entries += [(f"v{n}", item) for n in range(12) for item in ("a1", "b1")]
    frame = pl.DataFrame(entries, schema=["user_id", "item_id"], orient="row")
    model = create("popularity").fit(Dataset.from_frame(frame))
    assert ids(ask(model, 2, users=["u0"])) == ["a1", "a2"]
    assert ids(ask(model, 2, users=["u0"], diversity=0.7)) == ["a1", "b1"]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"diversity": 2}, "between 0 and 1"),
        ({"category_cap": 0}, "at least 1"),
        ({"margin_weight": -1}, "0 or more"),
    ],
)
def test_impossible_rules_are_refused(rules, message):
    with pytest.raises(DataError, match=message):
        Rules(**rules)
