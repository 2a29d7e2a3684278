"""How often somebody hears from the shop at most: the shop's caps, and each person's own wish.

Rivals must not overshoot. So a batch first takes an advisory lock for each of its people, in one order,
then counts what they had and what is on its way to them, and gives each message that still fits a *place*:
the fence under which it is held. The commit frees the locks; from then on every rival counts it, until it
is sent (and counted by `sent_at`), fails, or goes back to the queue (and has to ask again).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from delivery.models import Message, Run, SkipReason
from delivery.preferences.selectors import wishes
from delivery.rules.models import FrequencyCap

_LOCK = """
SELECT pg_advisory_xact_lock(key)
  FROM (SELECT DISTINCT hashtextextended('cap:' || id, 0) AS key FROM unnest(%s::bigint[]) AS id ORDER BY 1) k
"""
# What was sent, what is on its way, and what goes first because its run matters more.
_HISTORY = """
SELECT m.customer_id, m.channel, r.topic, m.sent_at
  FROM delivery_message m JOIN delivery_run r ON r.id = m.run_id
 WHERE m.customer_id = ANY(%(customers)s) AND m.state = 'sent' AND m.sent_at > %(since)s
   AND NOT r.transactional
UNION ALL
SELECT m.customer_id, m.channel, r.topic, NULL
  FROM delivery_message m JOIN delivery_run r ON r.id = m.run_id
 WHERE m.customer_id = ANY(%(customers)s) AND m.state IN ('claimed', 'sending', 'uncertain')
   AND m.place = m.fence AND m.due_at > %(since)s AND NOT r.transactional
   AND NOT (m.run_id = %(run)s AND m.id = ANY(%(messages)s))
UNION ALL
SELECT m.customer_id, m.channel, r.topic, NULL
  FROM delivery_run r JOIN delivery_message m ON m.run_id = r.id
 WHERE r.state = 'running' AND r.priority > %(priority)s AND NOT r.transactional
   AND m.state = 'pending' AND m.due_at <= %(now)s AND m.customer_id = ANY(%(customers)s)
"""
_PLACE = """
UPDATE delivery_message m SET place = m.fence
  FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS held (id, fence)
 WHERE m.run_id = %(run)s AND m.id = held.id AND m.fence = held.fence AND m.state = 'claimed'
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many within a time; an empty channel or topic means every one."""

    most: int
    within: timedelta
    reason: SkipReason
    channel: str = ""
    topic: str = ""

    def holds_for(self, channel: str, topic: str) -> bool:
        """Say whether a message counts here."""
        return self.channel in ("", channel) and self.topic in ("", topic)


def take_places(run: Run, messages: Sequence[Message], *, now: datetime) -> dict[int, SkipReason]:
    """Give a place to each claimed message that fits, and return by id why the others do not.

    Two queries where nothing limits; else four statements in a transaction of their own, about 12 ms for
    200 messages. Transactional messages take no place and are never limited.
    """
    if run.transactional or not messages:
        return {}
    limits = [
        Limit(cap.most, timedelta(days=cap.days), SkipReason.CAPPED, cap.channel, cap.topic)
        for cap in FrequencyCap.objects.filter(is_active=True)
        if cap.channel in ("", run.channel) and cap.topic in ("", run.topic)
    ]
    wished = {
        pk: Limit(1, pause, SkipReason.LESS_OFTEN)
        for pk, pause in wishes({m.customer_id for m in messages}).items()
    }
    if not limits and not wished:
        return {}
    limited = [m for m in messages if limits or m.customer_id in wished]
    longest = max(limit.within for limit in [*limits, *wished.values()])
    customers = sorted({m.customer_id for m in limited})
    params: dict[str, Any] = {
        "run": run.pk,
        "now": now,
        "since": now - longest,
        "priority": run.priority,
        "customers": customers,
        "messages": [m.id for m in limited],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [customers])
        cursor.execute(_HISTORY, params)
        had: dict[int, list[tuple[str, str, datetime | None]]] = defaultdict(list)
        for customer, channel, topic, sent_at in cursor.fetchall():
            had[customer].append((channel, topic, sent_at))
        refused, placed = {}, []
        for message in limited:
            own = [*limits, *([wished[message.customer_id]] if message.customer_id in wished else [])]
            reached = (limit for limit in own if _count(had[message.customer_id], limit, now) >= limit.most)
            if (limit := next(reached, None)) is not None:
                refused[message.id] = limit.reason
            else:
                had[message.customer_id].append((run.channel, run.topic, None))
                placed.append(message)
        held = {"run": run.pk, "ids": [m.id for m in placed], "fences": [m.fence for m in placed]}
        cursor.execute(_PLACE, held)
    return refused


def _count(had: Sequence[tuple[str, str, datetime | None]], limit: Limit, now: datetime) -> int:
    return sum(
        limit.holds_for(channel, topic) and (sent_at is None or sent_at > now - limit.within)
        for channel, topic, sent_at in had
    )
