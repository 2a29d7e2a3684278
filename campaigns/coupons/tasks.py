"""Celery: what happens to codes by the clock."""

from celery import shared_task

from core import clock

from . import services, warnings


@shared_task(expires=60)
def release_expired() -> int:
    """Give back the uses of expired reservations. Due every minute; a missed run does no harm."""
    return services.release_expired(now=clock.now())


@shared_task(expires=900)
def look_after_pools() -> int:
    """Warn of pools that run dry and codes that run out. Due every quarter of an hour."""
    return len(warnings.look(now=clock.now()))
