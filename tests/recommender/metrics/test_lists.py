import numpy as np
import pytest
import scipy.sparse as sp

from recommender.metrics import (
    calibration,
    concentration,
    coverage,
    intra_list_diversity,
    novelty,
    shares,
)


def lists(*rows):
    return np.array(rows, dtype=np.int32)


def test_coverage_by_hand():
    assert coverage(lists([0, 1], [1, -1]), 5) == 0.4
    assert coverage(lists([-1]), 0) == 0


def test_concentration_by_hand():
    # Items 0, 1, 2 are recommended 3, 1 and 0 times: (-2 x 0 + 0 x 1 + 2 x 3) / (4 x 2).
    assert concentration(lists([0, 0], [0, 1]), 3) == 0.75
    assert concentration(lists([0, 1], [2, 3]), 4) == 0
    assert concentration(lists([2], [2], [2]), 5) == 1
    assert concentration(lists([-1, -1]), 5) == 0
    assert concentration(lists([0]), 1) == 0


def test_diversity_by_hand():
    # Items 0 and 1 are the same kind, item 2 another, item 3 half of each, item 4 has no features.
    features = sp.csr_matrix([[1, 0], [2, 0], [0, 1], [1, 1], [0, 0]])
    values = intra_list_diversity(lists([0, 1, -1], [0, 2, -1], [0, 1, 2], [0, 2, 3]), features)
    half = 1 - 1 / np.sqrt(2)
    assert values.tolist() == pytest.approx([0, 1, 2 / 3, (1 + half + half) / 3])
    assert intra_list_diversity(lists([0, 4]), features)[0] == 1
    assert np.isnan(intra_list_diversity(lists([0, -1], [-1, -1]), features)).all()
    assert np.isnan(intra_list_diversity(lists([0, 1]), features[:, :0])).all()


def test_novelty_by_hand():
    # Of 8 users 8, 2 and none have the items: 0, 2 and (as one user) 3 bits.
    values = novelty(lists([0, 1], [1, 2], [2, -1], [-1, -1]), np.array([8, 2, 0]), 8)
    assert values[:3].tolist() == [1, 2.5, 3]
    assert np.isnan(values[3])


def test_shares_leave_out_what_has_no_kind():
    weights = sp.csr_matrix([[3, 1, 4], [0, 0, 5]])
    assert shares(weights, np.array([0, 1, -1])).tolist() == [[0.75, 0.25], [0, 0]]


def test_calibration_by_hand():
    groups = np.array([0, 1, 0, 1])
    history = sp.csr_matrix([[3, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    same = calibration(lists([0, 2, 0, 1], [2, 0, 2, 0], [0, 1, 2, 3]), groups, history)
    assert same[:2].tolist() == pytest.approx([0, 0], abs=1e-12)
    assert np.isnan(same[2])
    # All of kind 0 against 3/4 and 1/4: the other kind is there with 1 % of its share only.
    other = calibration(lists([0, 2], [1, 3], [0, 1]), groups, history)
    expected = 0.75 * np.log(0.75 / (0.99 + 0.0075)) + 0.25 * np.log(0.25 / 0.0025)
    assert other[0] == pytest.approx(expected)
    assert other[1] == pytest.approx(np.log(1 / 0.01))


def test_calibration_without_kinds_says_nothing():
    assert np.isnan(calibration(lists([0, 1]), np.array([-1, -1]), sp.csr_matrix([[1, 1]]))).all()
