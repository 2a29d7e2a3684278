"""Who was in which arm, and what merges, erasures and exports do with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from customers.holdings import Rows, hold

from .models import Assignment, Exposure, HoldoutMember

_BOTH = """
SELECT kept.experiment_id::text FROM experiments_assignment kept
  JOIN experiments_assignment merged USING (experiment_id)
 WHERE kept.customer_id = %s AND merged.customer_id = %s
"""
_COUNT = """
UPDATE experiments_assignment SET multiple = greatest(multiple + %s, 0)
 WHERE customer_id = ANY(%s) AND experiment_id = ANY(%s::uuid[])
"""


class Arms(Rows):
    """The arms of a person who was two: the earlier one stays, marked, and is left out of comparisons."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Set the later of two arms in the same test aside, and move the others."""
        with connection.cursor() as cursor:
            cursor.execute(_BOTH, [kept_id, merged_id])
            both = [key for (key,) in cursor.fetchall()]
        later = self.set_aside(kept_id, f"EXISTS ({_EARLIER})", merged_id)
        data = super().merge(kept_id, merged_id, identifier_ids, now)
        if both:
            _count(1, [kept_id], both)
            data["multiple"] = both
        for table, texts in later.get("aside", {}).items():
            data.setdefault("aside", {}).setdefault(table, []).extend(texts)
        return data

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Give both their arms back."""
        if both := data.get("multiple"):
            _count(-1, [kept_id], both)
        super().undo(kept_id, merged_id, identifier_ids, data, now)


_EARLIER = (
    "SELECT FROM experiments_assignment o"
    " WHERE o.experiment_id = t.experiment_id AND o.customer_id = %s AND o.at < t.at"
)


def _count(by: int, customers: list[int], experiments: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [by, customers, experiments])


def register() -> None:
    """Say what happens to this app's tables.

    Somebody in a test twice counts in none of its arms from then on. An erased person leaves the test; the
    looks that were taken keep their sums.
    """
    hold(
        Arms(
            Assignment,
            once=("experiment_id",),
            parts=((Exposure, "assignment_id"),),
            shown=("experiment__name", "variant__name", "propensity", "at"),
        )
    )
    hold(Rows(HoldoutMember, once=("holdout_id",), shown=("entered_at", "left_at")))
