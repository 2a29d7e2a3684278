"""What every registered model promises, on a shop whose right answers are known."""

import numpy as np
import polars as pl
import pytest

from recommender import DataError, Dataset, NotFittedError, load, names, save
from recommender import create as create_named
from recommender.columns import FALLBACK, Objective
from tests.recommender.shops import rows, two_tastes

#: Ways of a model that its parameters choose.
VARIANTS = {
    "user-knn pearson": {"likeness": "pearson"},
    "user-knn euclidean": {"likeness": "euclidean"},
    "item-knn tfidf": {"weighting": "tfidf"},
    "item-knn bm25": {"weighting": "bm25"},
    # What auto may choose among is measured elsewhere; here a few that cost nothing.
    "auto": {"models": ("popularity", "own-frequency")},
}
MODELS = list(dict.fromkeys([*names(), *VARIANTS]))
SILENT_ON_NEW = {"own-frequency", "own-recent", "own-lasting", "due"}
IMPERSONAL = {"popularity", "recent-popularity", "trending"}
#: In this shop hardly anybody discovers anything, so auto measures nothing and stays with popularity.
CAREFUL = {"auto"}
TASTEFUL = [name for name in MODELS if name not in SILENT_ON_NEW | IMPERSONAL | CAREFUL]


def create(name):
    return create_named(name.split()[0], **VARIANTS.get(name, {}))


def speaker(model, goal="replenish"):
    """Return under whose name a model speaks: auto leaves it to the one it chose."""
    return model.chosen(goal).name if model.name == "auto" else model.name


@pytest.fixture(scope="module")
def dataset():
    interactions, items = two_tastes()
    return Dataset.from_frame(interactions, items)


@pytest.fixture(scope="module")
def fitted(dataset):
    return {name: create(name).fit(dataset) for name in MODELS}


@pytest.fixture(params=MODELS)
def label(request):
    return request.param


@pytest.fixture
def model(label, fitted):
    return fitted[label]


def ids(lists, position=0):
    return [item for item, _, _ in lists.for_user(position)]


@pytest.mark.parametrize("name", TASTEFUL)
def test_discover_finds_the_one_item_of_the_taste_that_is_missing(fitted, name):
    lists = fitted[name].recommend(["alice", "bob"], 1, "discover")
    assert [ids(lists, 0), ids(lists, 1)] == [["t5"], ["c5"]]
    assert not lists.is_fallback.any()


@pytest.mark.parametrize("name", [name for name in MODELS if name not in IMPERSONAL])
def test_replenish_stays_with_the_own_taste(fitted, name):
    first = ids(fitted[name].recommend(["bob"], 5, "replenish"))
    assert all(item.startswith("c") for item in first)


@pytest.mark.parametrize("name", sorted(SILENT_ON_NEW))
def test_own_history_ranks_own_purchases_and_leaves_new_items_to_the_fallback(fitted, name):
    # Alice had t0 most often and had it today: it is her most frequent item, and the least due.
    own = ids(fitted[name].recommend(["alice"], 5, "replenish"))
    assert own[-1 if name == "due" else 0] == "t0"
    assert set(own) == {"t0", "t1", "t2", "t3", "t4"}
    lists = fitted[name].recommend(["bob"], 3, "discover")
    assert lists.is_fallback.all()
    # c5 has 12 buyers, t0 to t4 have 14: the fallback goes by buyers, not by taste.
    assert ids(lists) == ["t0", "t1", "t2"]


@pytest.mark.parametrize("name", sorted(IMPERSONAL))
def test_popularity_is_the_same_for_everybody(fitted, name):
    lists = fitted[name].recommend(["alice", "bob"], 4)
    assert ids(lists, 0) == ids(lists, 1)


def test_discover_never_returns_what_the_user_has(model, dataset):
    lists = model.recommend(list(dataset.users), 12, "discover")
    seen = dataset.seen
    for position in range(len(dataset.users)):
        got = [code for code in lists.codes[position] if code >= 0]
        assert seen[position, got].nnz == 0 if got else True
        assert len(got) == 12 - seen[position].nnz


def test_lists_hold_distinct_items_in_falling_order(model, dataset):
    lists = model.recommend(list(dataset.users), 12)
    for position in range(len(dataset.users)):
        assert sorted(lists.codes[position]) == list(range(12))
    own = np.where(lists.is_fallback, np.nan, lists.scores)
    assert (np.nan_to_num(np.diff(own, axis=1), nan=-1) <= 0).all()


def test_unknown_users_get_the_fallback_and_known_ones_are_untouched_by_them(model):
    lists = model.recommend(["nobody", "bob", "", "alice"], 3)
    assert [reason for _, _, reason in lists.for_user(0)] == [FALLBACK] * 3
    assert ids(lists, 0) == ids(lists, 2) == ["t0", "t1", "t2"]
    for position, user in ((1, "bob"), (3, "alice")):
        alone = model.recommend([user], 3)
        assert ids(lists, position) == ids(alone)
        # BLAS adds up in another order for one row than for many.
        assert np.allclose(lists.scores[position], alone.scores[0], rtol=1e-5)


def test_candidates_and_exclusions_hold_for_model_and_fallback(model):
    lists = model.recommend(["alice", "nobody"], 5, candidates=["c1", "t1", "t2", "gone"], exclude=["t1"])
    assert set(ids(lists, 0)) == set(ids(lists, 1)) == {"c1", "t2"}
    assert (lists.codes[:, 2:] == -1).all()


def test_folding_in_a_known_history_finds_the_same_taste(label, model):
    history = ["c0", "c1", "c2", "c3", "c4"]
    scores = model.fold_in(history, days_ago=[1, 2, 3, 4, 5])
    assert scores.shape == (12,)
    lists = model.recommend_history(history, 1, "discover", days_ago=[1, 2, 3, 4, 5])
    # Bob has the same items: what does not look at taste says the same to both.
    expected = ["c5"] if label in TASTEFUL else ids(model.recommend(["bob"], 1, "discover"))
    assert ids(lists) == expected
    assert not set(ids(model.recommend_history(history, 12, "discover"))) & set(history)


def test_folding_in_nothing_known_is_the_fallback(model):
    lists = model.recommend_history(["never heard of"], 2)
    assert [reason for _, _, reason in lists.for_user(0)] == [FALLBACK] * 2


def test_similar_items_are_of_the_same_kind(model):
    similar = model.similar("t5", 3)
    assert len(similar) == 3
    assert all(item.startswith("t") and item != "t5" for item, _ in similar)
    with pytest.raises(DataError, match="not in this model's catalogue"):
        model.similar("gone")


def test_the_parts_of_an_explanation_add_up_to_the_score(model):
    row = model.users_.codes(["alice"])
    score = float(model.score_block(row)[0, model.items_.codes(["t0"])[0]])
    explanation = model.explain("alice", "t0", n=1000)
    assert explanation.reason == speaker(model)
    assert explanation.score == pytest.approx(score)
    assert sum(part.value for part in explanation.because) == pytest.approx(score, rel=1e-3)
    assert model.explain("nobody", "t0").reason == FALLBACK


def test_same_seed_same_lists_whatever_the_order_of_rows(label, model, dataset):
    interactions, items = two_tastes()
    shuffled = Dataset.from_frame(interactions.sample(fraction=1, shuffle=True, seed=3), items)
    again = create(label).fit(shuffled)
    for goal in Objective:
        first, second = (one.recommend(list(dataset.users), 6, goal) for one in (model, again))
        assert (first.codes == second.codes).all()
        assert np.array_equal(first.scores, second.scores)


def test_stored_and_loaded_it_says_the_same(model, dataset, tmp_path):
    digest = save(model, tmp_path / "model")
    again = load(tmp_path / "model", digest)
    assert type(again) is type(model)
    first, second = (one.recommend([*dataset.users, "nobody"], 5, "discover") for one in (model, again))
    assert np.array_equal(first.codes, second.codes)
    assert np.array_equal(first.scores, second.scores)
    assert again.explain("alice", "t0") == model.explain("alice", "t0")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    "entries",
    [
        [("only", "one", 1)],
        [("u", "i", 1), ("u", "j", 2)],
        [("u", "i", 1), ("v", "i", 2)],
        [("小明", "绿茶 ☕", 1), ("Zoë", "naïve 'quote\"", 2), ("小明", "naïve 'quote\"", 3)],
        [(f"u{n}", "same", 1) for n in range(30)],
    ],
    ids=["one row", "one user", "one item", "non-ascii", "all alike"],
)
def test_tiny_shops_work(name, entries, tmp_path):
    dataset = Dataset.from_frame(rows(*entries))
    model = create(name).fit(dataset)
    for goal in Objective:
        lists = model.recommend([*dataset.users, "nobody"], 3, goal)
        assert lists.codes.shape == (len(dataset.users) + 1, 3)
    assert {item for item, _, _ in lists.for_user(len(dataset.users))} == set(dataset.items)
    save(model, tmp_path / "m")
    assert tuple(load(tmp_path / "m").items_) == tuple(dataset.items)


@pytest.mark.parametrize("name", MODELS)
def test_without_timestamps_it_works_too(name):
    interactions, items = two_tastes()
    model = create(name).fit(Dataset.from_frame(interactions.drop("timestamp"), items))
    if name in TASTEFUL:
        assert ids(model.recommend(["alice"], 1, "discover")) == ["t5"]


@pytest.mark.parametrize("name", MODELS)
def test_unfitted_it_says_so(name):
    with pytest.raises(NotFittedError, match="fit"):
        create(name).recommend(["alice"])


@pytest.mark.parametrize("name", MODELS)
def test_later_rows_change_nothing(name):
    interactions, items = two_tastes()
    cut = 60 * 86_400 + 1704067200
    later = rows(*[("alice", "c3", day) for day in range(61, 90)], ("new", "t1", 70))
    now = Dataset.from_frame(interactions, items, as_of=cut)
    then = Dataset.from_frame(pl.concat([interactions, later]), items, as_of=cut)
    first, second = (create(name).fit(data).recommend(["alice", "bob"], 6) for data in (now, then))
    assert np.array_equal(first.scores, second.scores)
    assert np.array_equal(first.codes, second.codes)
