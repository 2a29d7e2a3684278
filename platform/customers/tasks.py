"""Celery's way to what takes longer than a call."""

from uuid import UUID

from celery import shared_task

from core import clock
from customers import erasure


@shared_task
def erase(erasure_id: str) -> None:
    """Fulfil a request to be forgotten. A repeat finds nobody; what fails is taken up by erase_waiting."""
    erasure.erase(UUID(erasure_id), now=clock.now())


@shared_task
def erase_waiting() -> None:
    """Fulfil the requests whose message was lost or whose work failed."""
    erasure.erase_waiting(clock.now())
