"""Hand work to the workers, once the caller's transaction has been committed."""

from core.waking import wake
from customers.models import ErasureRequest
from customers.tasks import erase


def erase_soon(request: ErasureRequest) -> None:
    """Wake a worker for a request to be forgotten."""
    wake(erase, erasure_id=str(request.pk))
