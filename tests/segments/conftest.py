from datetime import UTC, datetime

import pytest

from segments import incremental
from tests.factories.histories import Shop

AS_OF = datetime(2024, 6, 3, 12, tzinfo=UTC)


@pytest.fixture
def shop(db):
    return Shop(AS_OF)


@pytest.fixture(autouse=True)
def _nobody_builds_profiles(monkeypatch):
    """Tests write the profiles they need; the incremental refresh does not wait for others."""
    monkeypatch.setattr(incremental, "AFTER", "")
