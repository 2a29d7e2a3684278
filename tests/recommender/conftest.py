"""Small shops need no threads: on a few hundred rows they cost more than they bring."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Hold BLAS and OpenMP to one thread; results do not depend on it."""
    with threadpool_limits(1):
        yield
