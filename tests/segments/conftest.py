from datetime import UTC, datetime

import pytest

from tests.factories.histories import Shop

AS_OF = datetime(2024, 6, 3, 12, tzinfo=UTC)


@pytest.fixture
def shop(db):
    return Shop(AS_OF)
