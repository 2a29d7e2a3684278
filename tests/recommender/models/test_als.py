import numpy as np
import pytest

from recommender import Dataset, create
from recommender.ids import Ids
from recommender.models import als
from recommender.ranking import bounded
from recommender.ranking.topk import top_k


def shop(users=150, items=700, seed=0):
    random = np.random.default_rng(seed)
    weights = 1 / np.arange(1, items + 1)
    keys = np.unique(
        random.integers(0, users, 6000) * items + random.choice(items, 6000, p=weights / weights.sum())
    )
    return Dataset(
        Ids(f"u{n}" for n in range(users)),
        Ids(f"i{n}" for n in range(items)),
        (keys // items).astype(np.int32),
        (keys % items).astype(np.int32),
        np.ones(len(keys), dtype=np.float32),
    )


@pytest.fixture(scope="module")
def model():
    return create("als", factors=8, iterations=3, regularization=0.1).fit(shop())


@pytest.mark.parametrize("goal", ["replenish", "discover"])
@pytest.mark.parametrize("first", [1, 7, 64, 2048])
def test_lists_for_a_new_history_are_those_of_scoring_everything(model, monkeypatch, goal, first):
    monkeypatch.setattr(bounded, "FIRST", first)
    random = np.random.default_rng(3)
    for size in (1, 3, 20):
        history = [f"i{n}" for n in random.integers(0, 200, size)]
        scores = model.fold_in(history)
        if goal == "discover":
            scores[model.items_.codes(history)] = -np.inf
        codes, values = top_k(scores[None, :], 10)
        lists = model.recommend_history(history, 10, goal)
        assert lists.codes.tolist() == codes.tolist()
        assert np.allclose(lists.scores, values, rtol=1e-5)
        assert not lists.is_fallback.any()


def test_rules_hold_and_short_lists_end(model):
    lists = model.recommend_history(["i0"], 5, "discover", candidates=["i0", "i600", "i3"], exclude=["i3"])
    assert [item for item, _, _ in lists.for_user(0)] == ["i600"]
    assert lists.codes[0, 1:].tolist() == [-1] * 4


def test_known_users_are_solved_as_new_histories_are(model):
    dataset = shop()
    for user in (0, 40, 149):
        history = dataset.seen[user]
        taste = model._taste(dataset.history([f"i{n}" for n in history.indices]))
        assert np.allclose(model.solved_[user], taste, rtol=1e-3, atol=1e-5)


def test_fitting_again_forgets_the_old_factors(model):
    again = create("als", factors=8, iterations=3, regularization=0.1).fit(shop(seed=5))
    again.recommend_history(["i1"], 3)
    again.fit(shop())
    assert (
        again.recommend_history(["i1"], 10).codes.tolist()
        == model.recommend_history(["i1"], 10).codes.tolist()
    )


@pytest.mark.parametrize(("steps", "tolerance"), [(6, 1e-4), (1, 1e-4), (1, np.inf)])
def test_users_solved_in_steps_are_checked_against_the_direct_solution(monkeypatch, steps, tolerance):
    monkeypatch.setattr(als, "SAMPLE", 15)
    monkeypatch.setattr(als, "STEPS", steps)
    monkeypatch.setattr(als, "TOLERANCE", tolerance)
    fitted = create("als", factors=8, iterations=1, regularization=0.1).fit(shop())
    dataset = shop()
    exact = fitted._solve(fitted._profile(dataset))
    apart = np.linalg.norm(fitted.solved_ - exact, axis=1) / np.linalg.norm(exact, axis=1)
    # One step alone is not enough; only an infinite tolerance lets it pass.
    assert (apart.max() > 1e-3) == (tolerance == np.inf)
