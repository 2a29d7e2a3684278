"""Celery: what measurements change while nobody looks."""

from datetime import timedelta

from celery import shared_task

from campaigns.tuning.steps import tune_all
from campaigns.tuning.watching import watch_promotions as watch
from core import clock
from core.periodic import once_per_slot


@shared_task
def tune() -> None:
    """Take every step before the night's training, once an hour at most. Twin of `manage.py tune`."""
    now = clock.now()
    once_per_slot("tune", every=timedelta(hours=1), now=now, run=lambda: tune_all(now=now))


@shared_task
def watch_promotions() -> None:
    """Take back a promotion that does harm, end what was watched long enough; every hour by beat."""
    watch(now=clock.now())
