"""``/healthz`` and ``/readyz``, answered before anything else: no session, no host check, no log line.

``/healthz`` says that the process answers and touches nothing. ``/readyz`` asks what the product needs and
answers 503 with what is down.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache

import redis
from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import connection
from django.db.models import Min
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from config.tasks import CANARY
from core.clock import now
from core.models import Heartbeat
from delivery.models import Message, MessageState, Run

HEARTBEAT_AGE = 60  # seconds; the canary comes every 15
OUTBOX_LAG = 900  # seconds a due message of a running run may wait
REDIS_PATIENCE = 2  # seconds


class Down(Exception):
    """Say why a part is down."""


class HealthMiddleware:
    """Answer the two health addresses and pass everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer ``GET`` and ``HEAD`` on ``/healthz`` and ``/readyz``."""
        if request.path_info == "/healthz":
            return JsonResponse({"status": "ok"}, headers=NO_STORE)
        if request.path_info == "/readyz":
            parts = readiness(now())
            ready = all(part["status"] == "ok" for part in parts.values())
            body = {"status": "ok" if ready else "down", "checks": parts}
            response = JsonResponse(body, status=200 if ready else 503, headers=NO_STORE)
            response._has_been_logged = True  # type: ignore[attr-defined]  # probes come every few seconds
            return response
        return self.get_response(request)


NO_STORE = {"Cache-Control": "no-store"}


def readiness(at: datetime) -> dict[str, dict[str, object]]:
    """Return the state of each part at ``at``: ``status`` and, where there is one, a figure or a reason."""
    report: dict[str, dict[str, object]] = {}
    for name, check in (
        ("database", database),
        ("redis", broker),
        ("heartbeat", heartbeat),
        ("outbox", outbox),
    ):
        try:
            report[name] = {"status": "ok", **check(at)}
        except Down as reason:
            report[name] = {"status": "down", "reason": str(reason)}
        except DatabaseFault:
            connection.close()
            report[name] = {"status": "down", "reason": "the database does not answer"}
    return report


def database(at: datetime) -> dict[str, object]:
    """Check that PostgreSQL answers; Django replaces a dead connection at the start of a request."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {}


def broker(at: datetime) -> dict[str, object]:
    """Check that Redis answers."""
    try:
        _redis().ping()
    except redis.RedisError:
        raise Down("Redis does not answer") from None
    return {}


def heartbeat(at: datetime) -> dict[str, object]:
    """Check that a task sent by beat was done by a worker lately."""
    last = Heartbeat.objects.filter(name=CANARY).values_list("at", flat=True).first()
    if last is None:
        raise Down("no worker has shown life yet; are beat and a worker running?")
    age = (at - last).total_seconds()
    if age > HEARTBEAT_AGE:
        raise Down(f"no worker has shown life for {age:.0f} s; are beat and a worker running?")
    return {"age_seconds": round(max(age, 0.0), 1)}


def outbox(at: datetime) -> dict[str, object]:
    """Check how long the oldest due message has been waiting for a worker."""
    due = Message.objects.filter(state=MessageState.PENDING, run__state=Run.State.RUNNING, due_at__lte=at)
    oldest = due.aggregate(oldest=Min("due_at"))["oldest"]
    lag = (at - oldest).total_seconds() if oldest else 0.0
    if lag > OUTBOX_LAG:
        raise Down(f"the oldest due message has waited {lag:.0f} s; is a delivery worker running?")
    return {"lag_seconds": round(lag, 1)}


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.CELERY_BROKER_URL,
        socket_timeout=REDIS_PATIENCE,
        socket_connect_timeout=REDIS_PATIENCE,
    )
