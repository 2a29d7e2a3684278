"""Tell people from machines, a few seconds after the touch, and write what happened as events.

Machines are kept and marked (`machine: true` with `why`), so they can be counted and stay out of rates:

    proxy, scanner, network   it says so itself (delivery.tracking.machines)
    ahead                     a mail provider's image proxy within a minute of the delivery
    soon                      within two seconds of the delivery
    trap                      it followed the link that nobody sees, within a minute
    links                     two links of one message within a second of each other, or three within five
    burst                     ten recipients' messages from one network, each within a minute of its delivery
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from delivery.models import Link
from delivery.tracking.models import Touch
from delivery.tracking.tokens import TRAP
from events.models import EventType
from events.services import record

#: How long a touch waits for the others that show what it was.
PATIENCE = timedelta(seconds=5)
#: How long a judged touch stays as evidence about its neighbours.
MEMORY = timedelta(minutes=10)
BATCH = 1_000

_RIPE = """
SELECT t.id, t.kind, t.run_id, t.message, t.link_id, t.at, m.customer_id, m.channel, r.source, r.reference,
       CASE
         WHEN t.hint NOT IN ('', 'ahead') THEN t.hint
         WHEN t.hint = 'ahead' AND t.at < t.sent_at + interval '1 minute' THEN 'ahead'
         WHEN t.at < t.sent_at + interval '2 seconds' THEN 'soon'
         WHEN EXISTS (SELECT FROM delivery_touch o WHERE o.run_id = t.run_id AND o.message = t.message
                         AND o.link_id = %(trap)s
                         AND o.at BETWEEN t.at - interval '1 minute' AND t.at + interval '1 minute')
           THEN 'trap'
         WHEN t.kind = 'click' AND (
              SELECT count(DISTINCT o.link_id) FILTER (
                       WHERE o.at BETWEEN t.at - interval '1 second' AND t.at + interval '1 second') >= 2
                  OR count(DISTINCT o.link_id) >= 3
                FROM delivery_touch o
               WHERE o.run_id = t.run_id AND o.message = t.message AND o.kind = 'click'
                 AND o.at BETWEEN t.at - interval '5 seconds' AND t.at + interval '5 seconds') THEN 'links'
         WHEN t.network <> '' AND t.hint = '' AND t.at < t.sent_at + interval '1 minute' AND (
              SELECT count(DISTINCT (o.run_id, o.message)) FROM delivery_touch o
               WHERE o.network = t.network AND o.at < o.sent_at + interval '1 minute'
                 AND o.at BETWEEN t.at - interval '5 seconds' AND t.at + interval '5 seconds') >= 10
           THEN 'burst'
         ELSE ''
       END
  FROM delivery_touch t
  JOIN delivery_message m ON m.run_id = t.run_id AND m.id = t.message
  JOIN delivery_run r ON r.id = t.run_id
 WHERE t.judged_at IS NULL AND t.at <= %(until)s
 ORDER BY t.at
 LIMIT %(limit)s
   FOR UPDATE OF t SKIP LOCKED
"""


def judge(*, now: datetime) -> int:
    """Turn the touches that have waited long enough into events; return how many were judged.

    An open is one event a message and minute, a click one a message, link and minute; a machine's and
    a person's are two. 1,000 touches take about 120 ms. Any number of workers may judge at once.
    """
    judged = 0
    while batch := _judge_batch(now):
        judged += batch
    Touch.objects.filter(judged_at__lt=now - MEMORY).delete()
    return judged


@transaction.atomic
def _judge_batch(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_RIPE, {"until": now - PATIENCE, "limit": BATCH, "trap": TRAP})
        rows = cursor.fetchall()
    if not rows:
        return 0
    urls = dict(Link.objects.filter(pk__in={row[4] for row in rows if row[4]}).values_list("pk", "url"))
    record([_event(*row[1:], urls=urls) for row in rows if row[4] != TRAP], now)
    Touch.objects.filter(pk__in=[row[0] for row in rows]).update(judged_at=now)
    return len(rows)


def _event(
    kind: str,
    run_id: Any,
    message: int,
    link_id: Any,
    at: datetime,
    customer_id: int,
    channel: str,
    source: str,
    reference: str,
    why: str,
    *,
    urls: dict[Any, str],
) -> dict[str, Any]:
    opened = kind == Touch.Kind.OPEN
    name = "opened" if opened else "clicked"
    what = "" if opened else f":{link_id}"
    minute, mark = int(at.timestamp()) // 60, ":machine" if why else ""
    properties = {
        "source": source,
        "reference": reference,
        "run": str(run_id),
        "message": message,
        "channel": channel,
        "machine": bool(why),
    }
    if why:
        properties["why"] = why
    if not opened:
        properties |= {"link": str(link_id), "url": urls.get(link_id, "")}
    return {
        "source": "rapport",
        "message_id": f"{name}:{run_id}:{message}{what}:{minute}{mark}",
        "type": EventType.MESSAGE_OPENED if opened else EventType.MESSAGE_CLICKED,
        "customer_id": customer_id,
        "occurred_at": at,
        "properties": properties,
    }
