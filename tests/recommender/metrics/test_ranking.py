import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommender.metrics import average_precision, f1, hit_rate, ndcg, precision, recall, reciprocal_rank

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


LISTS = np.array([[1, 0, 2, 3], [0, 2, 3, 4], [0, 1, 2, 3]], dtype=np.int32)


def test_precision_and_f1_by_hand():
    # User 0: hits at ranks 2 and 3 of 4 places, 3 true items. User 1: none. User 2: nothing was true.
    assert precision(LISTS, TRUTH)[:2].tolist() == [0.5, 0]
    assert f1(LISTS, TRUTH)[:2].tolist() == [pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3)), 0]
    assert np.isnan(precision(LISTS, TRUTH)[2])
    assert np.isnan(f1(LISTS, TRUTH)[2])


def test_average_precision_by_hand():
    # Precision is 1/2 at rank 2 and 2/3 at rank 3; three items are true.
    assert average_precision(LISTS, TRUTH)[0] == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert average_precision(LISTS, TRUTH)[1] == 0
    # Two places can hold two of the three.
    assert average_precision(np.array([[0, 2]], dtype=np.int32), TRUTH[[0]])[0] == 1
    assert np.isnan(average_precision(LISTS, TRUTH)[2])


def test_reciprocal_rank_and_hit_rate_by_hand():
    assert reciprocal_rank(LISTS, TRUTH)[:2].tolist() == [0.5, 0]
    assert hit_rate(LISTS, TRUTH)[:2].tolist() == [1, 0]
    assert np.isnan([reciprocal_rank(LISTS, TRUTH)[2], hit_rate(LISTS, TRUTH)[2]]).all()


def test_an_empty_place_is_a_miss_for_precision():
    assert precision(np.array([[1, -1]], dtype=np.int32), TRUTH[[1]])[0] == 0.5


@given(
    truth=arrays(np.float32, (5, 7), elements=st.sampled_from([0, 1])),
    order=st.permutations(range(7)),
    k=st.integers(1, 7),
)
def test_every_figure_lies_between_0_and_1_and_the_true_items_first_give_1(truth, order, k):
    matrix = sp.csr_matrix(truth)
    lists = np.tile(np.array(order[:k], dtype=np.int32), (5, 1))
    asked = truth.any(axis=1)
    ideal = np.argsort(-truth, axis=1, kind="stable")[:, :k].astype(np.int32)
    for metric in (precision, recall, f1, average_precision, reciprocal_rank, hit_rate, ndcg):
        values = metric(lists, matrix)
        assert np.isnan(values[~asked]).all()
        assert ((values[asked] >= 0) & (values[asked] <= 1 + 1e-12)).all()
        best = metric(ideal, matrix)
        assert (best[asked] >= values[asked] - 1e-12).all()
        if metric in (average_precision, reciprocal_rank, hit_rate, ndcg):
            assert best[asked] == pytest.approx(1)
