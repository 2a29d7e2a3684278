"""Celery: what happens to codes by the clock."""

from celery import shared_task

from core import clock

from . import services


@shared_task(expires=60)
def release_expired() -> int:
    """Give back the uses of expired reservations. Due every minute; a missed run does no harm."""
    return services.release_expired(now=clock.now())
