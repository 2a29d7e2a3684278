"""What is known of a run's effect on its recipients."""

from dataclasses import dataclass
from decimal import Decimal

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


def attributed(source: str, reference: str) -> list[Attributed]:
    """Return what is put down to a source under each model; nothing yet is a row of zeros."""
    rows = (
        Attribution.objects.filter(source=source, reference=reference)
        .values_list("model")
        .annotate(orders=Count("id"), customers=Count("customer_id", distinct=True), revenue=Sum("amount"))
    )
    found = {model: Attributed(model, orders, people, revenue) for model, orders, people, revenue in rows}
    return [found.get(m.value, Attributed(m.value, 0, 0, Decimal(0))) for m in AttributionModel]
