import numpy as np
import pytest
import scipy.sparse as sp

from recommender.metrics import coverage, ndcg, recall

TRUTH = sp.csr_matrix(np.array([[1, 0, 1, 0, 1], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]], dtype=np.float32))


def test_ndcg_by_hand():
    lists = np.array([[0, 1, 2], [0, 2, 1], [0, 1, 2]], dtype=np.int32)
    values = ndcg(lists, TRUTH)
    # Hits at ranks 1 and 3 of at most 3: (1 + 1/2) / (1 + 1/log2(3) + 1/2).
    assert values[0] == pytest.approx(1.5 / (1.5 + 1 / np.log2(3)))
    # One true item, at rank 3: 1/log2(4) over 1.
    assert values[1] == pytest.approx(0.5)
    assert np.isnan(values[2])


def test_the_ideal_has_no_more_hits_than_places():
    assert ndcg(np.array([[4, 0]], dtype=np.int32), TRUTH[[0]])[0] == pytest.approx(1)


def test_short_lists_count_as_misses():
    assert ndcg(np.array([[1, -1, -1]], dtype=np.int32), TRUTH[[1]])[0] == 1
    assert ndcg(np.array([[-1, -1, -1]], dtype=np.int32), TRUTH[[1]])[0] == 0


def test_recall_by_hand():
    values = recall(np.array([[0, 1], [0, 1], [0, 1]], dtype=np.int32), TRUTH)
    assert values[:2].tolist() == [pytest.approx(1 / 3), 1]
    assert np.isnan(values[2])


def test_coverage_by_hand():
    assert coverage(np.array([[0, 1], [1, -1]], dtype=np.int32), 5) == 0.4
