from recommender import Dataset
from recommender.validation.selection import choose
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
