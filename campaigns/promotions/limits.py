"""Count what promotions give, within limits and budgets: the only place that changes the counters.

Each limit is one conditional statement whose row count is checked, with a CHECK behind it, and each change
leaves a ledger entry that is unique by its reference. The order is customer, day, promotion: the row that
all uses share comes last and is held for the shortest time. Who counts several promotions in one
transaction takes them by their id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet

from core.clock import shop_zone

from .models import BudgetEntry, CustomerCount, DayCount, Promotion


class Exhausted(Exception):
    """A limit or the budget does not suffice, or the promotion no longer runs. `slug` says which one."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(slug)


class CustomerNeeded(Exception):
    """The promotion is limited per customer, and nobody said who it is."""


class NotBeside(Exception):
    """What was to be counted in the same statement has no room."""


@dataclass(frozen=True, slots=True)
class Beside:
    """An UPDATE … RETURNING of the caller's own counter, which counts with the promotion or not at all.

    Its parameters begin with `beside_`.
    """

    statement: str
    parameters: Mapping[str, Any]


# No savepoints of their own: whoever calls these gives up the whole of his transaction when they raise.
@transaction.atomic(savepoint=False)
def spend(
    promotion: Promotion,
    *,
    customer_id: int | None,
    amount: Decimal,
    reference: str,
    now: datetime,
    beside: Beside | None = None,
) -> None:
    """Count one use and its discount (in the promotion's currency), or raise Exhausted.

    One statement, one more for each of the limits per day and per customer. They serialise all uses of
    the promotion until the caller's transaction ends. A counter of the caller's own goes into the same
    statement, so that its row is held no longer either; raises NotBeside where it has no room.
    """
    day = None
    if promotion.limit_per_customer is not None:
        if customer_id is None:
            raise CustomerNeeded
        _count_one(CustomerCount, promotion, "customer_id", customer_id, promotion.limit_per_customer)
    if promotion.limit_per_day is not None:
        day = now.astimezone(shop_zone()).date()
        _count_one(DayCount, promotion, "day", day, promotion.limit_per_day)
    counted = customer_id if promotion.limit_per_customer is not None else None
    parameters: dict[str, Any] = {
        "promotion": promotion.pk,
        "amount": amount,
        "reference": reference,
        "day": day,
        "customer": counted,
        "now": now,
    }
    with connection.cursor() as cursor:
        if beside is None:
            cursor.execute(_SPEND.format(beside="SELECT 1"), parameters)
        else:
            cursor.execute(_SPEND.format(beside=beside.statement), parameters | dict(beside.parameters))
        found, entered = cursor.fetchone()
    if not found:
        raise NotBeside
    if not entered:
        raise Exhausted(promotion.slug)


# One round trip while everybody else who uses the promotion waits.
_SPEND = """
WITH beside AS ({beside}), counted AS (
    UPDATE promotions_promotion SET used = used + 1, spent = spent + %(amount)s
    WHERE id = %(promotion)s AND active AND EXISTS (SELECT FROM beside)
      AND (starts_at IS NULL OR starts_at <= %(now)s) AND (ends_at IS NULL OR ends_at > %(now)s)
      AND ("limit" IS NULL OR used < "limit") AND (budget IS NULL OR spent + %(amount)s <= budget)
    RETURNING id
), entered AS (
    INSERT INTO promotions_budgetentry (promotion_id, amount, uses, reference, day, customer_id, at)
    SELECT id, %(amount)s, 1, %(reference)s, %(day)s, %(customer)s, %(now)s FROM counted
    RETURNING id
)
SELECT (SELECT count(*) FROM beside), (SELECT count(*) FROM entered)
"""


@transaction.atomic(savepoint=False)
def give_back(
    promotion: Promotion, *, amount: Decimal, of: str, reference: str, now: datetime, whole: bool = True
) -> None:
    """Take back a discount that was spent under the reference `of`, with its use when it is the `whole`.

    The contrary of `spend`, as a further ledger entry; of a use given back in parts, the last one.
    """
    entry = BudgetEntry.objects.get(promotion=promotion, reference=of)
    if whole:
        if entry.customer_id is not None:
            _count_down(CustomerCount.objects.filter(promotion=promotion, customer=entry.customer_id))
        if entry.day is not None:
            _count_down(DayCount.objects.filter(promotion=promotion, day=entry.day))
    uses = int(whole)
    counted = Promotion.objects.filter(pk=promotion.pk, used__gte=uses, spent__gte=amount).update(
        used=F("used") - uses, spent=F("spent") - amount
    )
    if counted != 1:
        raise ValueError(f"{promotion.slug} has not given {amount}: {reference} cannot be taken back.")
    BudgetEntry.objects.create(promotion=promotion, amount=-amount, uses=-uses, reference=reference, at=now)


def _count_one(
    model: type[CustomerCount] | type[DayCount],
    promotion: Promotion,
    column: str,
    value: int | date,
    most: int,
) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS t (promotion_id, {column}, used, most)"  # noqa: S608 – no input
            f" VALUES (%s, %s, 1, %s) ON CONFLICT (promotion_id, {column})"
            " DO UPDATE SET used = t.used + 1, most = excluded.most WHERE t.used < excluded.most",
            [promotion.pk, value, most],
        )
        if cursor.rowcount != 1:
            raise Exhausted(promotion.slug)


def _count_down(counts: "QuerySet[CustomerCount] | QuerySet[DayCount]") -> None:
    counts.filter(used__gt=0).update(used=F("used") - 1)
