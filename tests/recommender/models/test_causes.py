"""What carried a place of a list that was folded in is the largest part of its score, never a guess."""

import numpy as np
import pytest

from recommender import Dataset, create
from tests.recommender.shops import two_tastes


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset.from_frame(*two_tastes(6))


@pytest.mark.parametrize("name", ["item-knn", "hybrid"])
def test_a_folded_list_names_the_item_that_carried_most(dataset, name):
    model = create(name).fit(dataset)
    items = list(model.items_)[:3]
    ages = [1.0, 40.0, 90.0]
    lists = model.recommend_history(items, 5, "discover", days_ago=ages)
    causes = model.history_causes(lists, items, days_ago=ages)[0]
    near = model if name == "item-knn" else next(part for part in model.parts_ if part.name == "item-knn")
    by = near.name
    carried = 0
    for position, (code, reason) in enumerate(zip(lists.codes[0], lists.reasons[0], strict=True)):
        if code < 0 or lists.reason_names[reason] != by:
            assert causes[position] == -1
            continue
        likeness = near.likeness_[int(code)].toarray().ravel()[near.items_.codes(items)]
        parts = dict(zip(items, likeness * np.exp(-np.array(ages) / near.time_constant), strict=True))
        assert model.items_[int(causes[position])] == max(parts, key=lambda item: parts[item])
        carried += 1
    assert name == "hybrid" or carried


def test_a_model_that_cannot_say_names_nothing(dataset):
    model = create("popularity").fit(dataset)
    items = list(model.items_)[:2]
    lists = model.recommend_history(items, 5)
    assert (model.history_causes(lists, items) == -1).all()
