"""The product's Celery app with the test source: `celery -A tests.delivery.celery_worker worker`."""

import django

django.setup()  # the source needs the models

from config.celery import app  # noqa: E402
from tests.delivery.source import register  # noqa: E402

register()

__all__ = ["app"]
