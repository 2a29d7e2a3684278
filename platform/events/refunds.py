"""Which refunds give a whole order back, whatever product they name or do not.

A refund often tells only an order and a total. Whether that is all the order cost is decided when facts of
the order arrive, in whatever sequence, and stands at the refund (`covers_order`); whoever asks who bought
then need not add orders up.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection

from core.arrays import number_array, text_array
from events import changes
from events.models import TAKEN_BACK, EventType

#: An order: (customer, order id).
Order = tuple[int, str]
#: How much earlier than the purchase a refund may be dated, since files often tell only its day.
EARLIER = timedelta(days=1)
#: How long after the arrival of a refund facts of its order, stored at the same time, may have been missed.
STRAGGLERS = timedelta(hours=1)
#: Older refunds that arrive late are files', whose orders arrive before them.
RECENT = timedelta(days=35)


def follow(
    types: Sequence[str], customers: Sequence[str | None], orders: Sequence[str | None], first: datetime
) -> None:
    """Settle the orders that a batch stored just now says something about.

    Takes columns of equal length and the first moment in them. Without purchases, refunds and
    cancellations no query; purchases ask once whether their refunds came before them: 2 ms for 1,000 orders
    of today, 7 ms for those of a year ago.
    """
    bought: set[Order] = set()
    touched: set[Order] = set()
    for kind, customer, order in zip(types, customers, orders, strict=True):
        if customer and order and kind == EventType.PURCHASE:
            bought.add((int(customer), order))
        elif customer and order and kind in TAKEN_BACK:
            touched.add((int(customer), order))
    if bought - touched:
        touched |= _refunded(bought - touched, first - EARLIER)
    settle(touched)


def settle(orders: Collection[Order]) -> list[int]:
    """Mark the refunds at which an order's refunds reach what it cost, and return the customers concerned.

    What it cost is the sum of its lines that were not cancelled; where a line has no amount nobody knows.
    One query in the caller's transaction, 6 ms and 0.1 ms an order; repeating it changes nothing.
    """
    if not orders:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, _columns(orders))
        return [customer for (customer,) in cursor.fetchall()]


_SETTLE = """
WITH refund AS (
    SELECT x.customer_id, x.order_id, x.occurred_at, x.id,
           sum(abs(coalesce(x.amount, 0))) OVER (
               PARTITION BY x.customer_id, x.order_id ORDER BY x.occurred_at, x.id
           ) AS given_back
    FROM unnest(%s::bigint[], %s::varchar[]) AS t(customer_id, order_id)
    JOIN events_event x ON x.customer_id = t.customer_id AND x.order_id = t.order_id
    WHERE x.type IN ('cancel', 'refund') AND x.type = 'refund'
),
cost AS (
    SELECT r.customer_id, r.order_id, line.amount, line.known
    FROM (SELECT DISTINCT customer_id, order_id FROM refund) r
    CROSS JOIN LATERAL (
        SELECT sum(e.amount) AS amount, bool_and(e.amount IS NOT NULL) AS known
        FROM events_event e
        WHERE e.customer_id = r.customer_id AND e.order_id = r.order_id AND e.type = 'purchase'
          AND NOT EXISTS (
              SELECT FROM events_event c
              WHERE c.customer_id = r.customer_id AND c.order_id = r.order_id
                AND c.type IN ('cancel', 'refund') AND c.type = 'cancel'
                AND (c.product_id IS NULL OR c.product_id = e.product_id)
          )
    ) line
)
UPDATE events_event x SET covers_order = s.covers
FROM (
    SELECT r.occurred_at, r.id, coalesce(c.known AND r.given_back >= c.amount, false) AS covers
    FROM refund r JOIN cost c USING (customer_id, order_id)
) s
WHERE x.occurred_at = s.occurred_at AND x.id = s.id AND x.covers_order <> s.covers
RETURNING x.customer_id
"""


def settle_recent(now: datetime) -> int:
    """Settle the orders whose refunds arrived within the last hour, and return how many refunds changed.

    A purchase and its refund that two workers store at the same moment do not see each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT customer_id, order_id FROM events_event"
            " WHERE type IN ('cancel', 'refund') AND type = 'refund' AND occurred_at >= %s"
            " AND received_at > %s AND customer_id IS NOT NULL AND order_id IS NOT NULL",
            [now - RECENT, now - STRAGGLERS],
        )
        settled = settle(cursor.fetchall())
    changes.note(settled, now)
    return len(settled)


def _refunded(orders: Collection[Order], since: datetime) -> set[Order]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT x.customer_id, x.order_id FROM unnest(%s::bigint[], %s::varchar[]) AS t(customer, number)"
            " JOIN events_event x ON x.customer_id = t.customer AND x.order_id = t.number"
            " WHERE x.type IN ('cancel', 'refund') AND x.type = 'refund' AND x.occurred_at >= %s",
            [*_columns(orders), since],
        )
        return set(cursor.fetchall())


def _columns(orders: Iterable[Order]) -> list[str]:
    ordered = sorted(orders)
    return [number_array(customer for customer, _ in ordered), text_array(order for _, order in ordered)]
