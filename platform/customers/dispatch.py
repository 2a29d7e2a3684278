"""Hand work to the workers, once the caller's transaction has been committed."""

from functools import partial

from django.db import transaction

from customers.models import ErasureRequest
from customers.tasks import erase


def erase_soon(request: ErasureRequest) -> None:
    """Wake a worker for a request to be forgotten."""
    transaction.on_commit(partial(erase.delay, erasure_id=str(request.pk)))
