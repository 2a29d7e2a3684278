"""Training while nobody looks."""

from datetime import timedelta

from celery import shared_task

from core import clock
from core.periodic import once_per_slot
from recommendations.services.training import train_models


@shared_task
def train() -> None:
    """Train every active strategy as of the shop's present; nightly by beat, once an hour at most."""
    now = clock.now()
    once_per_slot(
        "train",
        every=timedelta(hours=1),
        now=now,
        run=lambda: train_models(as_of=clock.knowledge_now(), now=now),
    )
