"""What merges, erasures and exports do with attributed orders and with what people add to the days."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from campaigns.outcomes.daily import orders
from campaigns.outcomes.models import Attribution, CustomerDays
from customers.holdings import Rows, hold
from customers.registries import Person, erasers, exporters, followers


class OfDays:
    """Rows of which the shop's days are made: a change of hands moves the days with them."""

    model = CustomerDays
    column = "customer_id"

    def join(self, pairs: Sequence[tuple[int, int]], now: datetime) -> None:
        """Do nothing: whose visits became theirs are in the queue of changes."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Look at both, whose facts are one customer's by now: events register before campaigns."""
        self._look(kept_id, merged_id)
        return {}

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Look at both again."""
        self._look(kept_id, merged_id)

    def _look(self, *customer_ids: int) -> None:
        if CustomerDays.objects.filter(pk__in=customer_ids).exists():
            orders.look_at(customer_ids)

    def erase(self, person: Person, now: datetime) -> int:
        """Cut the person from the days; the sums stay as a guest's."""
        return orders.forget(person.customer_id)

    def export(self, customer_id: int) -> list[dict[str, Any]]:
        """Return nothing: it is made of the events, which are exported."""
        return []


def register() -> None:
    """Attributed orders follow their customer; the next computation writes the same."""
    hold(
        Rows(
            Attribution,
            once=("model", "order_id"),
            shown=("model", "order_id", "source", "reference", "channel", "touch", "touched_at", "amount"),
        )
    )
    name = CustomerDays._meta.label_lower
    followers.add(name, OfDays())
    erasers.add(name, OfDays())
    exporters.add(name, OfDays())
