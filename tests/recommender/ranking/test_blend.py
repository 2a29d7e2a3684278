import numpy as np
import pytest

from recommender.ranking.blend import Evidence, normalise, shrink


def evidence(users=40):
    """Component 0 puts the true one of twenty candidates first, component 1 the wrong one."""
    features = np.zeros((2, users, 20), dtype=np.float32)
    features[0, :, 7] = 1
    features[1, :, 3] = 1
    found = np.zeros((users, 20), dtype=np.float32)
    found[:, 7] = 1
    return Evidence(features, found, np.ones((users, 20), dtype=bool), np.ones(users, dtype=np.int64))


def test_the_search_finds_the_component_that_is_right():
    weights, result = evidence().fit(np.array([0.2, 0.8]))
    assert weights[0] > weights[1]
    assert weights.sum() == pytest.approx(1)
    assert result == 1.0


def test_ndcg_of_a_blend_by_hand():
    assert evidence().ndcg(np.array([0.6, 0.4])) == 1.0
    assert evidence().ndcg(np.array([0.4, 0.6])) == pytest.approx(1 / np.log2(3))


def test_padding_is_never_a_candidate():
    one = evidence()
    hidden = np.ones_like(one.valid)
    hidden[:, 3] = False
    assert Evidence(one.features, one.found, hidden, one.sizes).ndcg(np.array([0.4, 0.6])) == 1.0


def test_shrinking_counts_the_prior_as_users():
    mixed = shrink(np.array([1.0, 0.0]), 300, np.array([0.0, 2.0]), 100)
    assert mixed.tolist() == [0.75, 0.25]
    assert shrink(np.array([1.0, 0.0]), 300, np.array([0.0, 2.0]), 0).tolist() == [1, 0]
    assert shrink(np.array([1.0, 0.0]), 300, np.array([1.0, 3.0]), np.inf).tolist() == [0.25, 0.75]


def test_normalising_divides_by_the_best():
    assert normalise(np.array([[1, 4], [0, 0]], dtype=np.float32)).tolist() == [[0.25, 1], [0, 0]]
