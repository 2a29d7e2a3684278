"""Celery: attribution, and the shop's days in sum."""

from datetime import timedelta

from celery import shared_task

from campaigns.outcomes.attribution import attribute
from campaigns.outcomes.daily import mailings, orders
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


@shared_task(soft_time_limit=280, time_limit=300)
def follow_days() -> None:
    """Bring the shop's days up to date with the customers who changed; every minute by beat."""
    orders.follow(now=clock.now())


@shared_task(soft_time_limit=280, time_limit=300)
def follow_mailings() -> None:
    """Count what went and was answered lately; every five minutes by beat."""
    mailings.follow(now=clock.now())


@shared_task
def build_days() -> None:
    """Look at everybody and at two months of runs once more; nightly, once an hour at most."""
    now = clock.now()

    def build() -> None:
        orders.build(now=now)
        mailings.follow(now=now, since=mailings.NIGHTLY)

    once_per_slot("days", every=timedelta(hours=1), now=now, run=build)
