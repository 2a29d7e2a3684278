"""Small shops need no threads: on a few hundred rows they cost more than they bring."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# How long an example takes says something about the machine, not about the property.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Hold BLAS and OpenMP to one thread; results do not depend on it."""
    with threadpool_limits(1):
        yield
