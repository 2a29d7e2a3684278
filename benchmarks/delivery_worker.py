"""The product's Celery app with the benchmark's source: `celery -A benchmarks.delivery_worker worker`."""

import django

django.setup()  # the source needs the models

from benchmarks.delivery_source import register  # noqa: E402
from config.celery import app  # noqa: E402

register()

__all__ = ["app"]
