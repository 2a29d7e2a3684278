"""Celery: what happens to promotions by the clock."""

from celery import shared_task

from core import clock

from . import orders


@shared_task(expires=60)
def release_expired() -> int:
    """Give back what expired reservations kept. Due every minute; a missed run does no harm."""
    return orders.release_expired(now=clock.now())
