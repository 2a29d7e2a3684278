"""What profiles say about people, and what merges, erasures and exports do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from customers.holdings import Rows, hold, restore
from profiles.models import CustomerProfile, CustomerScore, CustomerTexts


@dataclass(frozen=True)
class Derived(Rows):
    """Rows that are computed from the facts: the next computation makes them new for whoever is left.

    A merge sets the merged customer's aside and remembers the kept one's as they were; the undo restores
    both, so that nobody keeps figures about somebody else until they are computed again.
    """

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Set the merged customer's rows aside."""
        data = self.set_aside(merged_id)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT to_jsonb(t)::text FROM {self.table} t WHERE customer_id = %s",  # noqa: S608
                [kept_id],
            )
            kept = [text for (text,) in cursor.fetchall()]
        return {**data, "kept": kept}

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Put back both customers' rows."""
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table} WHERE customer_id = %s", [kept_id])  # noqa: S608
        restore(self.table, data.get("kept", []))
        self.put_back(data)


def register() -> None:
    """Say what happens to this app's tables."""
    shown = tuple(
        field.attname
        for field in CustomerProfile._meta.concrete_fields
        if field.name not in ("customer", "persona", "top_category")
    )
    hold(Derived(CustomerProfile, shown=(*shown, "persona__name", "top_category__name")))
    hold(Derived(CustomerScore, shown=_columns()))
    hold(Derived(CustomerTexts, shown=("interests", "reviews", "sentiment", "as_of")))


def _columns() -> tuple[str, ...]:
    return tuple(f.attname for f in CustomerScore._meta.concrete_fields if f.name not in ("id", "customer"))
