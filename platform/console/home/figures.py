"""The shop's figures of a period against the one before. A constant number of queries."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection

from core import clock

DAYS = 30

#: Orders of both periods in one pass: a row for each day and one for each period (day null).
_ORDERS = """
    WITH orders AS (
        SELECT coalesce(order_id, message_id) AS id,
               min(customer_id) AS customer_id,
               min(occurred_at) AS at,
               sum(CASE WHEN type = 'refund' THEN -amount ELSE amount END) AS revenue
        FROM events_event
        WHERE type IN ('purchase', 'refund') AND occurred_at >= %(first)s AND occurred_at < %(end)s
        GROUP BY 1
    ), placed AS (
        SELECT *, at >= %(start)s AS current, (at AT TIME ZONE %(zone)s)::date AS day FROM orders
    )
    SELECT current, day, count(*), count(DISTINCT customer_id), coalesce(sum(revenue), 0)
    FROM placed GROUP BY GROUPING SETS ((current, day), (current))
"""

#: By the shop's clock: a run belongs to the moment as of which its audience was chosen.
_SENT = """
    SELECT run.as_of > %(start)s, count(*)
    FROM delivery_run AS run JOIN delivery_message AS message ON message.run_id = run.id
    WHERE message.state = 'sent' AND run.as_of > %(first)s AND run.as_of <= %(end)s
    GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Day:
    """What was bought on one of the shop's days."""

    day: date
    orders: int
    customers: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """What happened in a period."""

    orders: int = 0
    customers: int = 0
    revenue: Decimal = Decimal(0)
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """A period, the one before, and the days of the period, every one of them."""

    start: datetime
    end: datetime
    current: Totals
    before: Totals
    days: tuple[Day, ...]


def figures(end: datetime) -> Figures:
    """Return the figures of the DAYS before `end` and of the DAYS before those. Two queries."""
    start, first = end - timedelta(days=DAYS), end - timedelta(days=2 * DAYS)
    parameters = {"first": first, "start": start, "end": end, "zone": str(clock.shop_zone())}
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS, parameters)
        rows = cursor.fetchall()
        cursor.execute(_SENT, parameters)
        sent = dict(cursor.fetchall())
    totals = {current: row for current, day, *row in rows if day is None}
    by_day = {day: Day(day, *row) for current, day, *row in rows if day is not None and current}
    zone = clock.shop_zone()
    count = (end.astimezone(zone).date() - start.astimezone(zone).date()).days
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    days = [last - timedelta(days=n) for n in range(count)][::-1]
    return Figures(
        start=start,
        end=end,
        current=_totals(totals.get(True), sent.get(True, 0)),
        before=_totals(totals.get(False), sent.get(False, 0)),
        days=tuple(by_day.get(day, Day(day, 0, 0, Decimal(0))) for day in days),
    )


def _totals(row: list | None, sent: int) -> Totals:
    if row is None:
        return Totals(sent=sent)
    orders, customers, revenue = row
    return Totals(orders=orders, customers=customers, revenue=revenue, sent=sent)


def change(now: Decimal | float, before: Decimal | float) -> float | None:
    """Return the relative change, or None when there is nothing to compare with."""
    return float(now) / float(before) - 1 if before else None
