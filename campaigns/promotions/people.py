"""What promotions know of people, and what merges, erasures and exports do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from customers.holdings import Rows, hold
from customers.registries import Person

from .models import BudgetEntry, CustomerCount, PromotedOrder


@dataclass(frozen=True)
class Counts(Rows):
    """How often somebody used a limited promotion: two who are one used it together so often."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Add the merged customer's uses to the kept one's; the merged one's rows are set aside."""
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [kept_id, merged_id])
        return self.set_aside(merged_id)

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Take them off again."""
        for text in data.get("aside", {}).get(self.table, []):
            row = orjson.loads(text)
            with connection.cursor() as cursor:
                cursor.execute(_SUBTRACT, [row["used"], kept_id, row["promotion_id"]])
        self.put_back(data)


_ADD = """
INSERT INTO promotions_customercount AS t (promotion_id, customer_id, used, most)
SELECT promotion_id, %s, used, most FROM promotions_customercount WHERE customer_id = %s
ON CONFLICT (promotion_id, customer_id) DO UPDATE
SET used = t.used + excluded.used, most = greatest(t.most, t.used + excluded.used)
"""
_SUBTRACT = """
UPDATE promotions_customercount SET used = greatest(used - %s, 0) WHERE customer_id = %s AND promotion_id = %s
"""


@dataclass(frozen=True)
class Books(Rows):
    """The shop's own books: they stay, without the person."""

    #: Further columns that say who it was, as SQL.
    cleared: str = ""

    def erase(self, person: Person, now: datetime) -> int:
        """Cut the rows from the person."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.table} SET customer_id = NULL{self.cleared} WHERE customer_id = %s",  # noqa: S608
                [person.customer_id],
            )
            return int(cursor.rowcount)


def register() -> None:
    """Say what happens to this app's tables."""
    hold(Counts(CustomerCount, shown=("promotion__slug", "used")))
    hold(Books(BudgetEntry))
    hold(Books(
        PromotedOrder,
        shown=("order_id", "state", "amount", "discount", "currency", "created_at", "redeemed_at"),
        cleared=", order_id = 'erased-' || id, answer = '{}'",
    ))  # fmt: skip
