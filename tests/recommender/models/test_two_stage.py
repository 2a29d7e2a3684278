import numpy as np
import polars as pl
import pytest

from recommender import DataError, Dataset, create, load, save
from recommender.models import two_stage
from recommender.validation.splits import windows_back
from tests.recommender.shops import rows, two_tastes


@pytest.fixture(scope="module")
def dataset():
    """Everybody buys items of the own taste every 20 days, and a new one of it in each of three months."""
    entries = []
    for n in range(60):
        group = "tc"[n % 2]
        entries += [(f"u{n:02d}", f"{group}{i}", day) for i in range(6) for day in range(i + n % 5, 150, 20)]
        entries += [(f"u{n:02d}", f"{group}{6 + (n // 2 + w) % 4}", 75 + 30 * w) for w in range(3)]
    return Dataset.from_frame(rows(*entries), two_tastes()[1])


@pytest.fixture(scope="module")
def model(dataset):
    return create("two-stage", rounds=30).fit(dataset)


def test_it_learns_trees_for_both_objectives_and_reports_the_recall_of_its_candidates(model):
    assert set(model.trees_) == {"replenish", "discover"}
    # Of the three windows each shows every customer's routine, and the first two each a new item.
    assert [model.evidence_[goal]["users"] for goal in ("replenish", "discover")] == [180, 120]
    for evidence in model.evidence_.values():
        assert evidence["candidate_recall"] == 1
        assert 12 < evidence["candidates_per_user"] <= 20


def test_the_artefact_is_text_and_arrays(model, dataset, tmp_path):
    save(model, tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.trees_ == model.trees_
    assert not list((tmp_path / "m").glob("*.pkl"))
    lists = [one.recommend(list(dataset.users), 5, "discover") for one in (model, again)]
    assert (lists[0].codes == lists[1].codes).all()


def test_items_the_trees_like_are_of_the_own_taste(model):
    # Three of the four new ones were bought, so one is left to discover.
    for goal, k in (("replenish", 3), ("discover", 1)):
        lists = model.recommend(["u00", "u01"], k, goal)
        assert all(item.startswith("t") for item, _, _ in lists.for_user(0))
        assert all(item.startswith("c") for item, _, _ in lists.for_user(1))


def test_a_known_history_is_scored_like_its_customer(dataset):
    model = create("two-stage", components=("own-frequency", "item-knn"), rounds=30).fit(dataset)
    row = model.users_.codes(["u00"])
    mine = dataset.user_codes == row[0]
    items = [dataset.items[int(code)] for code in dataset.item_codes[mine]]
    scores = model.fold_in(items, days_ago=dataset.ages[mine])
    assert np.allclose(scores, model.score_block(row)[0], atol=1e-4)


def test_parts_of_a_score_add_up_for_discovery_too(model):
    item = model.recommend(["u00"], 1, "discover").for_user(0)[0][0]
    found = model.explain("u00", item, n=1000, objective="discover")
    assert sum(part.value for part in found.because) == pytest.approx(found.score, rel=1e-3)


def test_each_place_says_which_model_carried_it_and_nobody_is_told_of_habits_they_do_not_have(model, dataset):
    own = {"own-frequency", "own-recent", "own-lasting"}
    for goal in ("replenish", "discover"):
        lists = model.recommend(list(dataset.users), 8, goal, reasons=True)
        reasons = np.array(lists.reason_names)[lists.reasons]
        habits = np.isin(reasons, list(own)) & (lists.codes >= 0)
        line, place = np.nonzero(habits)
        assert all(dataset.seen[row, lists.codes[row, at]] > 0 for row, at in zip(line, place, strict=True))
        assert goal == "replenish" or not habits.any()
        assert (reasons != "two-stage").any()
        assert set(reasons.ravel()) <= {*model.components, "two-stage", "fallback"}


def test_fitting_again_forgets_the_old_trees(dataset):
    model = create("two-stage", components=("own-frequency", "item-knn"), rounds=5).fit(dataset)
    first = model.recommend(["u00"], 3)
    early = dataset.before(dataset.as_of - 20 * 86_400)
    again = model.fit(early).recommend(["u00"], 3)
    fresh = create("two-stage", components=("own-frequency", "item-knn"), rounds=5).fit(early)
    assert (again.scores == fresh.recommend(["u00"], 3).scores).all()
    assert not (again.scores == first.scores).all()


def test_too_little_to_learn_from_leaves_equal_shares():
    model = create("two-stage").fit(Dataset.from_frame(two_tastes(4)[0]))
    assert model.trees_ == {}
    assert model.recommend(["alice"], 1, "discover").for_user(0)[0][0] == "t5"


def test_components_can_be_set_and_left_out(dataset):
    model = create(
        "two-stage",
        rounds=5,
        settings={"item-knn": {"neighbours": 7}},
        leave_out=("ease", "als", "user-knn", "rp3beta"),
    ).fit(dataset)
    names = [part.name for part in model.parts_]
    assert not {"ease", "als", "user-knn", "rp3beta"} & set(names)
    assert model.parts_[names.index("item-knn")].neighbours == 7
    with pytest.raises(DataError, match="unknown component magic"):
        create("two-stage", components=("magic",)).fit(dataset)


def test_ease_is_left_out_where_it_is_too_large(dataset, monkeypatch):
    monkeypatch.setattr(two_stage, "MOST_USERS_EASE", 10)
    model = create("two-stage", components=("own-frequency", "ease"), rounds=2).fit(dataset)
    assert [part.name for part in model.parts_] == ["own-frequency"]


def test_windows_lie_one_behind_the_other_and_never_see_their_own_truth():
    data = Dataset.from_frame(rows(*[("u", f"i{day % 3}", day) for day in range(100)], ("u", "i0", 100)))
    splits = windows_back(data, 20, 3)
    assert [split.train.rows for split in splits] == [80, 60, 40]
    assert all(split.truth.nnz == 3 for split in splits)
    short = windows_back(Dataset.from_frame(rows(*[("u", "i", day) for day in range(9)])), 28, 3)
    assert [split.train.rows for split in short] == [6, 4, 2]
    bare = pl.DataFrame({"user_id": ["u"] * 10, "item_id": [f"i{n}" for n in range(10)]})
    assert len(windows_back(Dataset.from_frame(bare), 28, 3)) == 1
