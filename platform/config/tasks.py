"""The canary: proof that beat, broker, worker and database work together."""

from __future__ import annotations

from celery import shared_task

from core.clock import now
from core.models import Heartbeat

CANARY = "canary"


@shared_task(expires=60)
def show_life() -> None:
    """Write the row that ``/readyz`` looks at. Beat sends this every 15 s."""
    Heartbeat.objects.update_or_create(name=CANARY, defaults={"at": now()})
