"""The people of a campaign: found by what became of their message and by what they did, page by page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Case, Exists, F, OuterRef, QuerySet, When
from django.db.models.expressions import RawSQL

from campaigns.models import Campaign
from campaigns.reports import keeping
from delivery.models import Message, MessageState, Run, SkipReason
from events.models import Event, EventType

#: One in so many is often.
OFTEN = 50
#: What people can have done, by the event that tells it; orders are looked up apart.
DID = {
    "opened": "message_opened",
    "clicked": "message_clicked",
    "unsubscribed": "unsubscribe",
    "bounced": "message_bounced",
}
ORDERED = "ordered"


@dataclass(slots=True)
class Doings:
    """What one person did after the message of one sending."""

    opened: datetime | None = None
    clicked: datetime | None = None
    unsubscribed: datetime | None = None
    orders: int = 0
    amount: Decimal = Decimal(0)
    bought: list[str] = field(default_factory=list)


def narrowed(
    campaign: Campaign,
    runs: Sequence[Run],
    given: Mapping[str, str],
    *,
    named: Collection[int] | None = None,
    known: datetime,
) -> QuerySet[Message]:
    """Return the messages of these runs that fit; what cannot be read does not narrow.

    `named` are the customers that were looked for; facts count as far as they are `known`.
    """
    found = Message.objects.filter(run__in=[run.pk for run in runs])
    if given.get("state") in MessageState.values:
        found = found.filter(state=given["state"])
    if given.get("reason") in SkipReason.values:
        # The states are named so that their index is used.
        states = [MessageState.SKIPPED, MessageState.FAILED, MessageState.HELD_OUT]
        found = found.filter(skip_reason=given["reason"], state__in=states)
    if arm := given.get("arm"):
        found = found.filter(context__variant=arm)
    if named is not None:
        found = found.filter(customer__in=named)
    if (did := given.get("did")) in DID:
        texts = [str(run.pk) for run in runs]
        if often(campaign, runs, did):
            since = min(run.created_at for run in runs)
            found = found.filter(RawSQL(_DID_EACH, [since, DID[did]], output_field=BooleanField()))  # noqa: S611
        else:
            found = found.filter(pk__in=RawSQL(_DID, [texts, DID[did]]))  # noqa: S611
    elif did == ORDERED:
        begins = Case(When(run__open_until=None, then=F("run__as_of")), default=F("due_at"))
        bought = Event.objects.filter(
            customer=OuterRef("customer_id"),
            type=EventType.PURCHASE,
            occurred_at__gte=OuterRef("since"),
            occurred_at__lt=OuterRef("since") + timedelta(days=campaign.goal_days),
        ).filter(occurred_at__lt=known)
        found = found.exclude(state=MessageState.HELD_OUT).annotate(since=begins).filter(Exists(bought))
    return found


def often(campaign: Campaign, runs: Sequence[Run], did: str) -> bool:
    """Say whether so many did it that looking at one after the other soon fills a page."""
    figures = keeping.last(campaign, runs)
    people = sum(getattr(row, did) for row in figures.reached) if figures else 0
    return people * OFTEN >= sum(run.audience for run in runs) > 0


# Of many: by each one's own events, newest message first.
_DID_EACH = """EXISTS (
    SELECT FROM events_event e
     WHERE e.customer_id = delivery_message.customer_id AND e.occurred_at >= %s AND e.type = %s
       AND e.properties->>'run' = delivery_message.run_id::text
       AND (e.properties->>'message')::bigint = delivery_message.id
       AND NOT coalesce((e.properties->>'machine')::boolean, false))"""
# Of few: by the sending's events. The first types are those of the partial index.
_DID = """
SELECT (e.properties->>'message')::bigint FROM events_event e
 WHERE e.properties->>'run' = ANY(%s)
   AND e.type IN ('message_opened', 'message_clicked', 'message_bounced', 'message_complained', 'unsubscribe')
   AND e.type = %s AND NOT coalesce((e.properties->>'machine')::boolean, false)
"""

# By customer and time: what a page's people did, whatever the number of events of a sending.
_DOINGS = """
SELECT m.run_id, m.id, e.type, min(e.occurred_at), count(DISTINCT e.order_id),
       coalesce(sum(e.amount), 0), (array_agg(DISTINCT p.name) FILTER (WHERE p.name IS NOT NULL))[1:3]
  FROM unnest(%(runs)s::uuid[], %(ids)s::bigint[], %(people)s::bigint[], %(since)s::timestamptz[])
       AS m (run_id, id, customer_id, since)
  JOIN events_event e ON e.customer_id = m.customer_id
   AND (e.type = 'purchase' AND e.occurred_at >= m.since AND e.occurred_at < m.since + %(goal)s
                            AND e.occurred_at < %(known)s
        OR e.type IN ('message_opened', 'message_clicked', 'unsubscribe')
           AND e.properties->>'run' = m.run_id::text
           AND (e.properties->>'message')::bigint = m.id
           AND NOT coalesce((e.properties->>'machine')::boolean, false))
  LEFT JOIN catalog_product p ON p.id = e.product_id AND e.type = 'purchase'
 WHERE e.occurred_at >= %(first)s
 GROUP BY 1, 2, 3
"""


def doings(campaign: Campaign, rows: Sequence[Message], *, known: datetime) -> dict[tuple[Any, int], Doings]:
    """Return what the people of some messages did, by (run, message). One query."""
    found = {(m.run_id, m.id): Doings() for m in rows}
    if not rows:
        return found
    since = [m.due_at if m.run.open_until else m.run.as_of for m in rows]
    asked: dict[str, Any] = {
        "runs": [m.run_id for m in rows],
        "ids": [m.id for m in rows],
        "people": [m.customer_id for m in rows],
        "since": since,
        "first": min(*since, *(m.run.created_at for m in rows)),
        "goal": timedelta(days=campaign.goal_days),
        "known": known,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DOINGS, asked)
        for run_id, key, kind, at, orders, amount, products in cursor.fetchall():
            one = found[run_id, key]
            match kind:
                case "message_opened":
                    one.opened = at
                case "message_clicked":
                    one.clicked = at
                case "unsubscribe":
                    one.unsubscribed = at
                case "purchase":
                    one.orders, one.amount, one.bought = max(orders, 1), amount, products or []
    return found
