"""Training while nobody looks."""

from celery import shared_task

from core import clock
from recommendations.services import train_models


@shared_task
def train() -> None:
    """Train every active strategy as of the shop's present."""
    train_models(as_of=clock.knowledge_now(), now=clock.now())
