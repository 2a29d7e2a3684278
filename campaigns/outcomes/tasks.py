"""Celery: attribution."""

from datetime import timedelta

from celery import shared_task

from campaigns.outcomes.attribution import attribute
from core import clock
from core.periodic import once_per_slot


@shared_task
def attribute_orders(*, days: int = 3) -> None:
    """Attribute the orders of the last days anew, once an hour. Twin of `manage.py attribute`.

    Late facts, refunds and merges reach further back: the nightly one takes more days.
    """
    now = clock.now()
    once_per_slot(
        f"attribute-{days}",
        every=timedelta(hours=1),
        now=now,
        run=lambda: attribute(since=now - timedelta(days=days), until=now + timedelta(days=1)),
    )
