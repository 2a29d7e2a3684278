"""Upkeep of the machinery's own tables."""

from datetime import timedelta

from celery import shared_task

from core import clock, idempotency

ANSWERS_KEPT = timedelta(days=7)


@shared_task(name="core.tasks.forget_answers")
def forget_answers() -> None:
    """Drop the answers that nobody will ask for with their Idempotency-Key any more."""
    idempotency.forget_before(clock.now() - ANSWERS_KEPT)
