"""Work that PostgreSQL broke off for the sake of others, done again."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from django.db import OperationalError
from psycopg2 import errorcodes

P = ParamSpec("P")
T = TypeVar("T")

#: A deadlock's victim and a failed serialisation may simply be repeated (PostgreSQL manual, 13.5).
PASSING = {errorcodes.DEADLOCK_DETECTED, errorcodes.SERIALIZATION_FAILURE}
ATTEMPTS = 4

log = structlog.get_logger(__name__)


def retried(work: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function whose effects are all in one `atomic` block of its own to be repeated.

    After four attempts the error goes on. Within an outer transaction the block's savepoint is what is
    repeated. Every other error goes on at once.
    """

    @wraps(work)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(1, ATTEMPTS):
            try:
                return work(*args, **kwargs)
            except OperationalError as error:
                if getattr(error.__cause__, "pgcode", None) not in PASSING:
                    raise
                log.warning("repeated", work=work.__qualname__, attempt=attempt)
                time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 (not a secret)
        return work(*args, **kwargs)

    return wrapper
