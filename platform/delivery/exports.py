"""The people of campaigns as a file: everybody in the audience, and what became of each."""

from typing import Any

from django.db.models import QuerySet

from core.exports import Column, ExportList, lists
from delivery.models import Message

_COLUMNS = (
    Column("sending", lambda m: m.run.reference),
    Column("customer id", lambda m: m.customer.external_id),
    Column("first name", lambda m: m.customer.first_name, personal=True),
    Column("last name", lambda m: m.customer.last_name, personal=True),
    Column("e-mail", lambda m: m.customer.email, personal=True),
    Column("channel", lambda m: m.channel),
    Column("state", lambda m: m.state),
    Column("why not", lambda m: m.skip_reason),
    Column("sent", lambda m: m.sent_at.isoformat() if m.sent_at else ""),
    Column("variant", lambda m: str(m.context.get("variant", ""))),
)


def _people(chosen: QuerySet[Any]) -> QuerySet[Any]:
    messages = Message.objects.filter(run__in=chosen.values("pk"))
    return messages.select_related("run", "customer").order_by("run_id", "pk")


def _chosen(chosen: QuerySet[Any]) -> QuerySet[Any]:
    return chosen.select_related("run", "customer")


def register() -> None:
    """Offer the people of the chosen sendings, and chosen messages."""
    permission = "integrations.export_campaigns"
    lists.add("delivery.run", ExportList("campaigns", "people of campaigns", permission, _COLUMNS, _people))
    lists.add("delivery.message", ExportList("messages", "messages", permission, _COLUMNS, _chosen))
