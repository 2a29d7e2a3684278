"""Errors of predicted ratings, for shops whose customers rate."""

import numpy as np

from recommender.arrays import AnyArray
from recommender.errors import DataError


def rmse(predicted: AnyArray, actual: AnyArray) -> float:
    """Return the root of the mean squared error, in the ratings' own unit."""
    return float(np.sqrt(np.mean(_errors(predicted, actual) ** 2)))


def mae(predicted: AnyArray, actual: AnyArray) -> float:
    """Return the mean absolute error, in the ratings' own unit."""
    return float(np.mean(np.abs(_errors(predicted, actual))))


def _errors(predicted: AnyArray, actual: AnyArray) -> AnyArray:
    if predicted.shape != actual.shape or not predicted.size:
        raise DataError(f"{predicted.size} predictions cannot be compared with {actual.size} ratings")
    errors: AnyArray = predicted.astype(np.float64) - actual
    return errors
