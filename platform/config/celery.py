"""The Celery app. Redis is a hint, never the record: a message only wakes a worker."""

from __future__ import annotations

import importlib
import logging.config
import os
import sys
import warnings
from typing import Any

import structlog
from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import setup_logging, worker_init, worker_process_init, worker_ready
from django.conf import settings
from django.dispatch import receiver
from django_structlog.celery.signals import bind_extra_task_metadata
from django_structlog.celery.steps import DjangoStructLogInitStep

from config import workers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

if workers.is_worker(sys.argv):
    # Django's checks load every page; `manage.py migrate`, which goes before, has run them.
    os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

if workers.is_worker(sys.argv) and workers.queues_of(sys.argv) == {"training"}:
    os.environ |= workers.fewer_threads()  # before anything loads numpy

app = Celery("rapport")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(lambda: workers.packages_of_tasks(sys.argv))
# Takes the request id out of the message and binds it to every line the task logs.
app.steps["worker"].add(DjangoStructLogInitStep)

# Celery warns root, because pickled messages would run code; ours are JSON only.
warnings.filterwarnings("ignore", category=SecurityWarning)


@receiver(bind_extra_task_metadata)
def _name_the_task(task: Any = None, **kwargs: Any) -> None:
    """Let every line of a task say which task it is."""
    structlog.contextvars.bind_contextvars(task=task.name)


@setup_logging.connect
def _log_like_django(**kwargs: Any) -> None:
    """Keep Celery from replacing our log."""
    logging.config.dictConfig(settings.LOGGING)


@worker_process_init.connect
def _step_back(**kwargs: Any) -> None:
    """Let training take only what pages and mails leave of the processors."""
    if workers.queues_of(sys.argv) == {"training"}:
        workers.step_back()


@worker_init.connect
def _begin_signs_of_life(**kwargs: Any) -> None:
    """Have the worker show its own; the module needs the models."""
    importlib.import_module("config.life")


@worker_ready.connect
def _show_life(**kwargs: Any) -> None:
    """Send the first canary, so that readiness does not wait for beat's next tick."""
    app.send_task("config.tasks.show_life", queue="default", ignore_result=True, expires=60)
