import numpy as np
import pytest

from recommender import DataError
from recommender.metrics import mae, rmse


def test_errors_by_hand():
    predicted, actual = np.array([3.0, 5.0, 2.0]), np.array([4, 5, 4])
    assert mae(predicted, actual) == 1
    assert rmse(predicted, actual) == pytest.approx(np.sqrt(5 / 3))


def test_what_does_not_pair_is_refused():
    with pytest.raises(DataError, match="2 predictions cannot be compared with 3 ratings"):
        rmse(np.zeros(2), np.zeros(3))
    with pytest.raises(DataError, match="0 predictions"):
        mae(np.zeros(0), np.zeros(0))
