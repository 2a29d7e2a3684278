"""Messages to workers. Each is a hint: what is due stands in PostgreSQL, and a sweeper finds it."""

from functools import partial
from typing import Any

import redis
import structlog
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

#: What says that the broker is away or has no room.
BROKER_AWAY = (OperationalError, redis.RedisError, OSError)

log = structlog.get_logger(__name__)


def wake(task: Task, *, queue: str | None = None, **kwargs: Any) -> None:
    """Have a task run once the surrounding transaction is committed.

    A broker that is away fails nobody: the work is stored, so saying “try again” would have it done twice.
    """
    transaction.on_commit(partial(_publish, task, queue, kwargs))


def _publish(task: Task, queue: str | None, kwargs: dict[str, Any]) -> None:
    try:
        task.apply_async(kwargs=kwargs, **({"queue": queue} if queue else {}))
    except BROKER_AWAY as error:
        log.warning("wake_up_lost", task=task.name, error=type(error).__name__)
