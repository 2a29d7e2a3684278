"""The product's Celery app as chaos wants it: every fiftieth wake-up is lost on its way to Redis."""

import random

from celery import current_app

from tests.delivery.celery_worker import app

LOST = 0.02
_send = current_app.send_task


def _send_most(name, **options):
    if random.random() >= LOST:
        _send(name, **options)


current_app.send_task = _send_most

__all__ = ["app"]
