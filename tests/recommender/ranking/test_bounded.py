"""What a bound rules out is not looked at, and the list is that of looking at everything."""

import numpy as np
import pytest

from recommender.ranking import bounded
from recommender.ranking.bounded import Bounded, best_of
from recommender.ranking.topk import top_k


def scored(items=3000, falling=True, seed=0):
    random = np.random.default_rng(seed)
    factors = random.normal(size=(items, 8)).astype(np.float32)
    if falling:
        factors /= np.arange(1, items + 1, dtype=np.float32)[random.permutation(items), None]
    lengths = np.linalg.norm(factors, axis=1)
    order = np.argsort(-lengths, kind="stable").astype(np.int32)
    return Bounded(factors, random.normal(size=8).astype(np.float32), order, lengths[order])


@pytest.mark.parametrize("first", [1, 7, 256, 5000])
@pytest.mark.parametrize("falling", [True, False])
def test_the_best_are_those_of_scoring_everything(monkeypatch, first, falling):
    monkeypatch.setattr(bounded, "FIRST", first)
    for seed in range(5):
        found = scored(falling=falling, seed=seed)
        everything = found.at(np.arange(3000))
        hidden = np.random.default_rng(seed).random(3000) < 0.3
        codes, scores = best_of(20, found.order, hidden, found.at, found.beyond)
        wanted = top_k(np.where(hidden, -np.inf, everything)[None, :], 20)
        assert codes.tolist() == wanted[0][0].tolist()
        assert np.allclose(scores, wanted[1][0], rtol=1e-5)
        assert found.most() == pytest.approx(everything.max(), rel=1e-6)


def test_short_factors_are_not_looked_at():
    found, asked = scored(), []
    best_of(20, found.order, None, lambda codes: asked.append(len(codes)) or found.at(codes), found.beyond)
    assert sum(asked) < 1000


def test_ties_rank_by_position_and_what_is_known_counts():
    order = np.array([3, 1, 0, 2], dtype=np.int32)
    hidden = np.array([False, True, False, False])
    known = np.array([1], dtype=np.int32), np.array([2.0], dtype=np.float32)
    codes, scores = best_of(
        3, order, hidden, lambda new: np.full(len(new), 2.0, dtype=np.float32), lambda stop: 2.0, known
    )
    assert (codes.tolist(), scores.tolist()) == ([0, 1, 2], [2.0, 2.0, 2.0])


def test_fewer_than_wanted_come_back_where_there_are_not_more():
    found = scored(items=5)
    hidden = np.array([True, False, True, False, True])
    assert sorted(best_of(4, found.order, hidden, found.at, found.beyond)[0]) == [1, 3]
    assert len(best_of(2, found.order, np.ones(5, dtype=bool), found.at, found.beyond)[0]) == 0
