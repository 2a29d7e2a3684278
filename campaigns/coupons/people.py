"""Which codes people hold and used, and what merges, erasures and exports do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from customers.holdings import Rows, hold
from customers.registries import Person

from .models import Coupon, Redemption


@dataclass(frozen=True)
class Coupons(Rows):
    """A code stays good for who was given it, so none is ever set aside or given back to the pool."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Move the codes; one that the kept customer has for the same campaign, too, is marked as second."""
        both = {"kept": kept_id, "merged": merged_id}
        with connection.cursor() as cursor:
            cursor.execute(_SECOND, both)
            second = [[pk, reference] for pk, reference in cursor.fetchall()]
        return {
            **super().merge(kept_id, merged_id, identifier_ids, now),
            **({"second": second} if second else {}),
        }

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Move the codes back under the campaigns they were for."""
        super().undo(kept_id, merged_id, identifier_ids, data, now)
        second = data.get("second", [])
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE coupons_coupon c SET assigned_for = t.reference"
                " FROM unnest(%s::bigint[], %s::varchar[]) AS t(id, reference) WHERE c.id = t.id",
                [[pk for pk, _ in second], [reference for _, reference in second]],
            )

    def erase(self, person: Person, now: datetime) -> int:
        """Void the person's codes: they are nobody's, and no further use is possible."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE coupons_coupon SET customer_id = NULL, assigned_for = '', expires_at = %s,"
                ' "limit" = used WHERE customer_id = %s',
                [now, person.customer_id],
            )
            return int(cursor.rowcount)


# RETURNING tells what it was before (PostgreSQL 18 has old.*, 15 has not): hence the CTE.
_SECOND = """
WITH same AS (
    SELECT m.id, m.assigned_for FROM coupons_coupon m JOIN coupons_coupon k USING (pool_id, assigned_for)
    WHERE m.customer_id = %(merged)s AND k.customer_id = %(kept)s
)
UPDATE coupons_coupon c SET assigned_for = left(same.assigned_for, 50) || '~' || c.id
FROM same WHERE c.id = same.id
RETURNING c.id, same.assigned_for
"""


@dataclass(frozen=True)
class Redemptions(Rows):
    """Uses of codes are the shop's own books: they stay, without the person."""

    def erase(self, person: Person, now: datetime) -> int:
        """Cut the uses from the person and from the order."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE coupons_redemption SET customer_id = NULL, order_id = 'erased-' || id"
                " WHERE customer_id = %s",
                [person.customer_id],
            )
            return int(cursor.rowcount)


def register() -> None:
    """Say what happens to this app's tables."""
    hold(Coupons(Coupon, shown=(
        "code", "pool__name", "assigned_at", "expires_at", "limit", "used",
    )))  # fmt: skip
    hold(Redemptions(Redemption, shown=(
        "coupon__code", "order_id", "discount", "currency", "redeemed_at", "rolled_back_at",
    )))  # fmt: skip
