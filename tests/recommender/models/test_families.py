"""What single families promise beyond the contract, by hand."""

import numpy as np
import polars as pl
import pytest

from recommender import DataError, Dataset, create
from tests.recommender.shops import rows, two_tastes


def score(model, user, item):
    row = model.users_.codes([user])
    return float(model.score_block(row)[0, model.items_.codes([item])[0]])


def test_due_peaks_when_one_gap_has_passed():
    entries = [("early", "tea", day) for day in (60, 80, 95)]  # gap 17.5, 5 days ago
    entries += [("ready", "tea", day) for day in (60, 70, 90)]  # gap 15, 10 days ago
    entries += [("lost", "tea", day) for day in (0, 2, 4)]  # gap 2, 96 days ago
    model = create("due").fit(Dataset.from_frame(rows(*entries), as_of="2024-04-10"))
    ratio = 10 / 15
    assert score(model, "ready", "tea") == pytest.approx(np.log1p(28 / 15) * ratio * np.exp(1 - ratio))
    assert score(model, "ready", "tea") > score(model, "early", "tea") > score(model, "lost", "tea")
    assert model.fold_in(["tea"] * 3, days_ago=[40, 30, 10])[0] == pytest.approx(
        score(model, "ready", "tea"), rel=1e-5
    )


def test_trending_prefers_what_grows():
    entries = [(f"u{n}", "steady", day) for n in range(10) for day in (10, 25, 40, 55, 65)]
    entries += [(f"u{n}", "rising", 66) for n in range(10)]
    model = create("trending", days=14, back=4, smoothing=5).fit(
        Dataset.from_frame(rows(*entries), as_of="2024-03-11")
    )
    # 10 of 10 lately; the steady one had 10, 10, 10 and 10 before, the rising one none.
    assert score(model, "u0", "rising") == pytest.approx(1.0 * 15 / 5)
    assert score(model, "u0", "steady") == pytest.approx(1.0 * 15 / 15, rel=0.2)


def test_group_popularity_takes_given_personas():
    interactions, items = two_tastes()
    data = Dataset.from_frame(interactions, items)
    personas = {user: "tea" if user[0] in "ta" else "coffee" for user in data.users}
    model = create("group-popularity", personas=personas, shrinkage=0.0, time_constant=None).fit(data)
    assert score(model, "alice", "t5") == pytest.approx(13 / 14)
    assert score(model, "alice", "c0") == 0


def ratings(users=40, items=30, seed=2):
    """Ratings that follow two tastes with a little noise."""
    random = np.random.default_rng(seed)
    taste, kind = np.arange(users) % 2, np.arange(items) % 2
    entries = [
        (f"u{u:02d}", f"i{i:02d}", 1.0 + 4.0 * (taste[u] == kind[i]) + random.normal(0, 0.2))
        for u in range(users)
        for i in random.choice(items, 15, replace=False)
    ]
    return pl.DataFrame(entries, schema=["user_id", "item_id", "rating"], orient="row")


def test_sgd_factors_predict_ratings_and_say_how_far_off_they_are():
    data = Dataset.from_frame(ratings())
    model = create("sgd-mf", factors=4, epochs=60).fit(data)
    guess = float(np.nanstd(data.ratings))
    assert set(model.errors_) == {"rmse", "mae"}
    assert model.errors_["mae"] <= model.errors_["rmse"] < 0.5 * guess
    lists = model.recommend(["u00"], 5, "discover")
    assert all(int(item[1:]) % 2 == 0 for item, _, _ in lists.for_user(0))
    likes, dislikes = model.items_.codes(["i00"]), model.items_.codes(["i01"])
    row = model.users_.codes(["u00"])
    assert model.predict(row, likes)[0] > 4 > 2 > model.predict(row, dislikes)[0]


def test_without_ratings_there_is_no_rating_error():
    model = create("sgd-mf").fit(Dataset.from_frame(two_tastes()[0]))
    assert model.errors_ == {}


def test_a_column_of_ratings_is_read_and_split_with_its_rows():
    frame = pl.DataFrame({"user_id": ["a", "a", "b"], "item_id": ["x", "y", "x"], "rating": ["4", "", "1.5"]})
    data = Dataset.from_frame(frame)
    assert data.ratings[0] == 4
    assert np.isnan(data.ratings[1])
    assert data.subset(np.array([False, False, True])).ratings.tolist() == [1.5]
    with pytest.raises(DataError, match="1 bad_number"):
        Dataset.from_frame(pl.DataFrame({"user_id": ["a"], "item_id": ["x"], "rating": ["good"]}))


def test_pearson_and_euclidean_by_hand():
    frame = pl.DataFrame(
        [(u, i) for u, mine in {"a": "xy", "b": "xyz", "c": "zw", "d": "w"}.items() for i in mine],
        schema=["user_id", "item_id"],
        orient="row",
    )
    data = Dataset.from_frame(frame)
    for likeness in ("pearson", "euclidean"):
        model = create("user-knn", likeness=likeness).fit(data)
        vectors = model.vectors_.toarray()
        if likeness == "pearson":
            expected = np.corrcoef(vectors[0], vectors[1])[0, 1]
        else:
            expected = 1 / (1 + np.linalg.norm(vectors[0] - vectors[1]))
        assert model.neighbours_[0, 1] == pytest.approx(expected, rel=1e-5)
        assert model.neighbours_[0, 3] == 0
    with pytest.raises(DataError, match="unknown likeness 'magic'"):
        create("user-knn", likeness="magic").fit(data)
    with pytest.raises(DataError, match="unknown weighting 'magic'"):
        create("item-knn", weighting="magic").fit(data)


def test_gf_cf_is_the_published_filter():
    data = Dataset.from_frame(two_tastes(4)[0])
    model = create("gf-cf", factors=3, alpha=0.3).fit(data)
    taken = (data.seen.toarray() > 0).astype(float)
    degree = taken.sum(axis=0)
    graph = taken / np.sqrt(taken.sum(axis=1))[:, None] / np.sqrt(degree)[None, :]
    waves = np.linalg.svd(graph)[2][:3].T
    smooth = graph.T @ graph + 0.3 * (degree**-0.5)[:, None] * (waves @ waves.T) * (degree**0.5)[None, :]
    expected = model.profile_.toarray() @ smooth
    assert np.allclose(model.score_block(np.arange(len(data.users), dtype=np.int32)), expected, atol=1e-4)


def test_naive_bayes_weighs_a_customers_terms_against_everybodys():
    interactions, items = two_tastes()
    model = create("naive-bayes").fit(Dataset.from_frame(interactions, items.select("item_id", "category")))
    liked = model.profile_ @ model.has_
    row = model.users_.codes(["bob"])[0]
    tea, coffee = (model.terms_.index(f"category={kind}") for kind in ("tea", "coffee"))
    whole = float(liked[row].sum()) + 20
    for kind, item in ((tea, "t5"), (coffee, "c5")):
        chance = (liked[row, kind] + 20 * model.common_[kind]) / whole
        assert score(model, "bob", item) == pytest.approx(
            float(np.log(chance / model.common_[kind])), rel=1e-4
        )


def test_click_classifiers_learn_which_terms_matter():
    interactions, items = two_tastes(20)
    noise = items.with_columns(colour=pl.Series(["red", "blue"] * 6))
    for name in ("logistic", "linear-svm"):
        model = create(name).fit(Dataset.from_frame(interactions, noise))
        weight = dict(zip(model.terms_, model.weights_, strict=True))
        assert weight["category=tea"] > 3 * abs(weight["colour=red"])
