"""What somebody did lately, read from the newest events by index: the part no training has seen."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from core.prepared import Prepared
from events.models import EventType

#: What of somebody's doing says what they look for, and how strongly.
WEIGHTS = {EventType.VIEW: 1.0, EventType.ADD_TO_CART: 2.0, EventType.PURCHASE: 1.5}
#: A session is at most so long ago and at most so many products.
SESSION = timedelta(days=1)
NEWEST = 40
#: The newest purchases are history enough to fold somebody in.
HISTORY = 300


@dataclass(frozen=True, slots=True)
class Doing:
    """One product that somebody looked at, put into the cart or bought, and when we heard of it."""

    product_id: int
    type: str
    received_at: datetime


# Visitors' events stay small in number: the index event_visitor holds only those of nobody.
_OF_VISITOR = Prepared(
    "doings_of_visitor",
    ("bigint", "timestamptz", "int"),
    """
SELECT product_id, type, received_at FROM events_event
 WHERE actor_id = $1 AND customer_id IS NULL AND occurred_at >= $2
   AND type IN ('view', 'add_to_cart', 'purchase') AND product_id IS NOT NULL
 ORDER BY occurred_at DESC LIMIT $3
""",
)
# Planned once: it goes through every month, and planning that takes eight times as long as reading.
_HISTORY = Prepared(
    "purchases_of_customer",
    ("bigint", "timestamptz", "int"),
    """
SELECT product_id, extract(epoch FROM $2 - occurred_at)::float8 / 86400 FROM events_event
 WHERE customer_id = $1 AND type = 'purchase' AND product_id IS NOT NULL AND occurred_at < $2
 ORDER BY occurred_at DESC LIMIT $3
""",
)
_HISTORIES = f"""
SELECT who.id, bought.products, bought.ages
  FROM unnest(%s::bigint[]) AS who (id)
  LEFT JOIN LATERAL (
       SELECT array_agg(product_id) AS products, array_agg(age) AS ages
         FROM (SELECT product_id,
                      greatest(extract(epoch FROM %s - occurred_at)::float8 / 86400, 0) AS age
                 FROM events_event
                WHERE customer_id = who.id AND type = 'purchase' AND product_id IS NOT NULL
                  AND occurred_at < %s
                ORDER BY occurred_at DESC LIMIT {HISTORY}) AS newest) AS bought ON true
"""  # noqa: S608 (our own number)


def doings_of_visitor(actor_id: int, since: datetime) -> list[Doing]:
    """Return what a visitor without a name did since a moment, newest first, 40 at most."""
    return [Doing(*row) for row in _OF_VISITOR.rows([actor_id, since, NEWEST])]


def history_of(customer_id: int, until: datetime) -> tuple[list[int], list[float]]:
    """Return the newest purchases before a moment, products and ages in days. One query by index."""
    rows = _HISTORY.rows([customer_id, until, HISTORY])
    return [row[0] for row in rows], [max(row[1], 0.0) for row in rows]


def histories_of(
    customer_ids: Sequence[int], until: datetime
) -> Iterator[tuple[int, list[int], list[float]]]:
    """Yield each customer with the newest purchases before a moment: products, and their ages in days.

    One query, which reads 300 purchases of each at most, by the index.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HISTORIES, [list(customer_ids), until, until])
        for customer, products, ages in cursor.fetchall():
            yield customer, products or [], ages or []


def bought_among(customer_ids: Sequence[int], product_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Return which of the products each customer ever bought. One query, by the products' index."""
    found: dict[int, set[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT customer_id, product_id FROM events_event"
            " WHERE product_id = ANY(%s) AND customer_id = ANY(%s) AND type = 'purchase'",
            [list(product_ids), list(customer_ids)],
        )
        for customer, product in cursor.fetchall():
            found.setdefault(customer, set()).add(product)
    return {customer: frozenset(products) for customer, products in found.items()}
