"""Tell partners' servers what happened: `coupon.redeemed` and the like, signed, at least once, in their turn.

What is to be told is written in the transaction of what happened, so there is neither without the other. A
worker posts it by the clock of `due_at`; a receiver that fails is tried again, later each time, for three
days. The receiver knows a repeat by `id`. The signature is that of messages by webhook.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from django.db import connection, transaction
from django.db.models import F

from delivery.channels.base import OutcomeUnknown, ProviderUnreachable, TransportError
from delivery.channels.http import HttpClient, require_success
from delivery.channels.webhook.call import signature

from .models import HookCall

log = structlog.get_logger(__name__)

#: Waits after a failure, the last one again and again until GIVEN_UP.
WAITS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
GIVEN_UP = timedelta(days=3)
#: So long a worker has a call before another may take it.
LEASE = timedelta(minutes=2)

_TELL = """
INSERT INTO delivery_hookcall (id, hook_id, topic, key, body, created_at, due_at, attempts, error)
SELECT gen_random_uuid(), id, %(topic)s, %(key)s, %(body)s, %(now)s, %(now)s, 0, ''
FROM delivery_hook WHERE is_active AND %(topic)s = ANY(topics)
ON CONFLICT (hook_id, topic, key) DO NOTHING
"""


def tell(topic: str, key: str, body: Mapping[str, Any], *, now: datetime) -> int:
    """Note what happened for every receiver of the topic, once for each key. Return for how many.

    One statement, by an index over the few receivers.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _TELL, {"topic": topic, "key": key, "body": orjson.dumps(body, default=str).decode(), "now": now}
        )
        return int(cursor.rowcount)


def deliver(*, now: datetime, batch: int = 100) -> int:
    """Post what is due and return how many were taken. Workers do not take the same."""
    calls = _claim(now, batch)
    client = HttpClient()
    try:
        for call in calls:
            _post(client, call, now)
    finally:
        client.close()
    return sum(call.done_at is not None for call in calls)


@transaction.atomic
def _claim(now: datetime, batch: int) -> list[HookCall]:
    due = (
        HookCall.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(done_at=None, due_at__lte=now, hook__is_active=True)
        .select_related("hook")
        .order_by("due_at")[:batch]
    )
    calls = list(due)
    HookCall.objects.filter(pk__in=[call.pk for call in calls]).update(
        due_at=now + LEASE, attempts=F("attempts") + 1
    )
    return calls


def _post(client: HttpClient, call: HookCall, now: datetime) -> None:
    body = orjson.dumps(
        {"id": str(call.pk), "type": call.topic, "at": call.created_at.isoformat(), "data": call.body}
    )
    stamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Rapport-Webhook/1",
        "X-Rapport-Timestamp": stamp,
        "X-Rapport-Signature": signature(call.hook.secret, stamp, body),
    }
    try:
        require_success(client.post(call.hook.url, body, headers), now=now)
    except (TransportError, OutcomeUnknown, ProviderUnreachable) as error:
        over = now - call.created_at >= GIVEN_UP
        wait = WAITS[min(call.attempts, len(WAITS) - 1)]
        HookCall.objects.filter(pk=call.pk).update(
            error=str(error)[:300], due_at=now + wait, done_at=now if over else None
        )
        log.warning("hook_failed", hook=str(call.hook_id), attempts=call.attempts + 1, given_up=over)
        return
    call.done_at = now
    HookCall.objects.filter(pk=call.pk).update(done_at=now, error="")


def forget_before(moment: datetime) -> int:
    """Delete what was told before a moment and return how many."""
    return HookCall.objects.filter(done_at__lt=moment).delete()[0]
