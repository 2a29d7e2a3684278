"""What the scenarios begin with: somebody who may do everything, and a shop with something on every page."""

import pytest

from accounts.models import User
from tests.factories.shop import NOW, PASSWORD, open_shop
from tests.scenarios.browser import browsing

__all__ = ["browsing"]


@pytest.fixture
def alice(transactional_db) -> User:
    """Store Alice, who may do everything."""
    return User.objects.create_superuser("alice", "alice@demo.invalid", PASSWORD, first_name="Alice")


@pytest.fixture
def opened(transactional_db, settings, tmp_path) -> dict[str, str]:
    """Open the common shop, in which Alice may do everything, and return the addresses of its pages."""
    settings.ARTIFACTS = tmp_path
    settings.SHOP_AS_OF = NOW.isoformat()
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    return open_shop()
