import pytest

from recommender import DataError, Dataset, create
from recommender.models import selection
from recommender.models.selection import choose
from tests.recommender.shops import rows, two_tastes


def test_the_best_on_the_last_window_is_chosen():
    interactions, items = two_tastes()
    # Everybody of the tea group buys t5 for the first time in the last window.
    first = rows(*[(f"n-{n:02d}", f"t{item}", 30) for n in range(30) for item in range(5)])
    late = rows(*[(f"n-{n:02d}", "t5", 95) for n in range(30)])
    data = Dataset.from_frame(interactions.vstack(first).vstack(late), items)
    choice = choose(data, "discover", ["popularity", "own-frequency", "user-knn"])
    assert choice.name == "user-knn"
    assert choice.report.result("user-knn", "discover").ndcg10 == 1.0


def test_where_nothing_can_be_measured_popularity_is_safe():
    choice = choose(Dataset.from_frame(rows(("alice", "tea", 1))), "replenish")
    assert (choice.name, choice.report) == ("popularity", None)


def shop():
    """Everybody buys the own five items again and again: nothing beats the own history."""
    own = [(f"u{n:02d}", f"i{(n * 7 + i) % 40}", i) for n in range(60) for i in range(5)]
    entries = [(user, item, day) for user, item, first in own for day in range(first, 120, 9)]
    return Dataset.from_frame(rows(*entries))


def test_a_composed_model_is_taken_only_where_it_leads_beyond_chance():
    data = shop()
    choice = choose(data, "replenish", ["popularity", "own-frequency", "hybrid"])
    # Both are perfect here, so there is no lead and the simple one stays.
    assert choice.report.result("hybrid", "replenish").ndcg10 == 1.0
    assert choice.report.result("own-frequency", "replenish").ndcg10 == 1.0
    assert choice.name == "own-frequency"
    assert choice.report.comparison("own-frequency", "popularity", "replenish").interval[0] > 0


def test_settings_that_did_best_are_kept_and_made():
    choice = choose(shop(), "replenish", ["own-frequency", "user-knn"])
    model = choice.make(seed=3)
    assert model.name == choice.name
    assert {key: getattr(model, key) for key in choice.settings} == dict(choice.settings)


def test_a_composed_model_alone_is_taken_as_it_is():
    assert choose(shop(), "replenish", ["hybrid"]).name == "hybrid"


def test_what_is_too_costly_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(selection, "MOST_STEPS", 1.0)
    said = []
    choice = choose(shop(), "replenish", ["own-frequency", "user-knn", "item-knn"], say=said.append)
    assert choice.left_out == ("user-knn", "item-knn")
    assert said[0] == "left out for this shop's size: user-knn, item-knn"


def test_a_sample_of_users_is_asked_in_large_shops(monkeypatch):
    monkeypatch.setattr(selection, "ASKED", 20)
    monkeypatch.setattr(selection, "ENOUGH", 20)
    monkeypatch.setattr(selection, "MOST_ROWS_AROUND", 10)
    choice = choose(shop(), "replenish", ["popularity"])
    assert choice.report.result("popularity", "replenish").users == 20


def test_where_a_fit_costs_little_one_month_alone_does_not_decide(monkeypatch):
    monkeypatch.setattr(selection, "ASKED", 20)
    monkeypatch.setattr(selection, "ENOUGH", 20)
    told = choose(shop(), "replenish", ["popularity"]).report.result("popularity", "replenish")
    assert told.users == 2 * 20


@pytest.mark.parametrize("timed", [True, False])
def test_a_small_shop_is_asked_about_several_windows(timed):
    frame = rows(*[(f"u{n % 30:02d}", f"i{n * 7 % 40}", n % 120) for n in range(900)])
    data = Dataset.from_frame(frame if timed else frame.drop("timestamp"))
    choice = choose(data, "replenish", ["popularity", "item-knn"])
    assert 2 * 30 < choice.report.result("popularity", "replenish").users <= 4 * 30


def test_both_objectives_are_chosen_for_at_once_and_each_gets_its_own():
    interactions, items = two_tastes()
    late = rows(*[(f"n-{n:02d}", f"t{item}", 30) for n in range(30) for item in range(5)])
    late = late.vstack(rows(*[(f"n-{n:02d}", "t5", 95) for n in range(30)]))
    model = create("auto", models=["popularity", "own-frequency", "user-knn"])
    model.fit(Dataset.from_frame(interactions.vstack(late), items))
    assert model.choices_["discover"]["name"] == "user-knn"
    assert set(model.choices_["replenish"]["tried"]) == {"popularity", "own-frequency", "user-knn"}
    assert model.chosen("discover") is model.parts_["discover"]
    lists = model.recommend(["alice"], 1, "discover", reasons=True)
    assert lists.for_user(0)[0][2] == "user-knn"


def test_auto_for_one_objective_says_so_when_asked_for_the_other():
    model = create("auto", models=["popularity"], objectives=["replenish"]).fit(shop())
    with pytest.raises(DataError, match="auto chose for replenish only, not for discover"):
        model.recommend(["u00"], 3, "discover")


def test_numbers_around_the_best_settings_are_tried(monkeypatch):
    said = []
    choose(shop(), "replenish", ["user-knn"], say=said.append)
    tried = [line for line in said if line.startswith("user-knn with")]
    # The grid's two, then half of 300 neighbours (600 are too many), half and twice the time constant.
    assert len(tried) == len(set(tried)) == 5
    monkeypatch.setattr(selection, "MOST_ROWS_AROUND", 1)
    said.clear()
    choose(shop(), "replenish", ["user-knn"], say=said.append)
    assert len([line for line in said if line.startswith("user-knn with")]) == 2


def test_the_same_seed_chooses_the_same():
    first, second = (
        choose(shop(), "replenish", ["popularity", "item-knn", "hybrid"], seed=4) for _ in range(2)
    )
    assert (first.name, first.settings) == (second.name, second.settings)
    assert [line.ndcg10 for line in first.report.models] == [line.ndcg10 for line in second.report.models]
