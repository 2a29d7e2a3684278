"""What each customer adds to the shop's days, and the days themselves.

`outcomes_customerdays` holds what a customer added when last looked at. Looking again computes it anew from
the facts and moves the days by the difference, in one statement: late orders, refunds, merges, undone imports
and first orders that turn out to be second ones are all the same case. Guests' orders stand under a number
made of their day (minus the days since 1970), and are looked at by day.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from core import clock
from core.arrays import number_array
from core.models import Heartbeat
from customers.models import Customer
from delivery.schedule.moments import at_local
from events import changes

log = structlog.get_logger(__name__)

#: The name under which changed customers are taken from events, and of the sign of life.
CONSUMER = "day-figures"
BATCH = 5_000
#: Batches in one go; what is left waits for the next beat.
BATCHES = 20
#: Customers in one step of a complete build: about 2 s.
SLICE = 20_000
#: How far back guests' orders are looked at between two nights.
GUEST_DAYS = 3
_EPOCH = date(1970, 1, 1)
# Two that look at the same customer would both add the difference.
_LOCK = 0x4F55_4441

_LOOK = """
WITH facts AS MATERIALIZED (
    SELECT coalesce(e.customer_id, DATE '1970-01-01' - (e.occurred_at AT TIME ZONE %(zone)s)::date) AS who,
           CASE WHEN e.order_id IS NOT NULL THEN 'o' || e.order_id
                WHEN e.customer_id IS NOT NULL OR e.message_id LIKE 'erased-%%'
                THEN 't' || e.occurred_at::text
                ELSE 'm' || e.source || '/' || e.message_id END AS order_key,
           e.order_id IS NOT NULL AS named, e.type, e.occurred_at AS at, e.product_id, e.amount
      FROM events_event e
     WHERE e.type IN ('purchase', 'cancel', 'refund')
       AND (e.type <> 'purchase' OR e.quality <> 'no_quantity')
       AND {facts}
), orders AS (
    SELECT f.who, f.order_key, min(f.at) AS at, coalesce(sum(f.amount), 0) AS amount,
           bool_and(f.amount IS NOT NULL) AS known
      FROM facts f
     WHERE f.type = 'purchase' AND NOT EXISTS (
           SELECT FROM facts x
            WHERE x.type = 'cancel' AND x.named AND x.who = f.who AND x.order_key = f.order_key
              AND (x.product_id IS NULL OR x.product_id = f.product_id))
     GROUP BY 1, 2
), given_back AS (
    SELECT who, order_key, min(at) AS at, sum(abs(coalesce(amount, 0))) AS amount
      FROM facts WHERE type = 'refund' GROUP BY 1, 2
), kept AS (
    SELECT o.who, (o.at AT TIME ZONE %(zone)s)::date AS day, 1 AS orders,
           greatest(0, o.amount - coalesce(g.amount, 0)) AS revenue,
           row_number() OVER (PARTITION BY o.who ORDER BY o.at, o.order_key) = 1 AS first
      FROM orders o LEFT JOIN given_back g USING (who, order_key)
     WHERE NOT coalesce(o.known AND g.amount >= o.amount, false)
     UNION ALL
    SELECT g.who, (g.at AT TIME ZONE %(zone)s)::date, 0, -g.amount, false
      FROM given_back g
     WHERE NOT EXISTS (
           SELECT FROM facts f
            WHERE f.type = 'purchase' AND f.who = g.who AND f.order_key = g.order_key)
), of_a_day AS (
    SELECT who, day, sum(orders)::int AS orders, sum(revenue) AS revenue, bool_or(first) AS first
      FROM kept GROUP BY 1, 2
), gathered AS (
    SELECT who AS customer_id, array_agg(day ORDER BY day) AS days, array_agg(orders ORDER BY day) AS orders,
           array_agg(revenue ORDER BY day) AS revenue,
           min(day) FILTER (WHERE first AND who > 0) AS first_day
      FROM of_a_day GROUP BY who
), held AS (
    SELECT customer_id, days, orders, revenue, first_day FROM outcomes_customerdays h WHERE {held}
), written AS (
    INSERT INTO outcomes_customerdays AS t (customer_id, days, orders, revenue, first_day)
    SELECT customer_id, days, orders, revenue, first_day FROM gathered
        ON CONFLICT (customer_id) DO UPDATE
       SET days = excluded.days, orders = excluded.orders, revenue = excluded.revenue,
           first_day = excluded.first_day
     WHERE (t.days, t.orders, t.revenue, t.first_day)
           IS DISTINCT FROM (excluded.days, excluded.orders, excluded.revenue, excluded.first_day)
), gone AS (
    DELETE FROM outcomes_customerdays h
     WHERE {held} AND NOT EXISTS (SELECT FROM gathered g WHERE g.customer_id = h.customer_id)
)
INSERT INTO outcomes_shopday AS s (day, orders, guest_orders, customers, first_orders, revenue)
SELECT * FROM ({sums}) moved
 WHERE (orders, guest_orders, customers, first_orders, revenue) <> (0, 0, 0, 0, 0)
    ON CONFLICT (day) DO UPDATE
   SET orders = s.orders + excluded.orders, guest_orders = s.guest_orders + excluded.guest_orders,
       customers = s.customers + excluded.customers,
       first_orders = s.first_orders + excluded.first_orders, revenue = s.revenue + excluded.revenue
"""

#: The days' sums of signed rows like those of outcomes_customerdays.
_SUMS = """
SELECT d.day, sum(c.sign * d.orders) AS orders,
       coalesce(sum(c.sign * d.orders) FILTER (WHERE c.customer_id < 1), 0) AS guest_orders,
       coalesce(sum(c.sign) FILTER (WHERE c.customer_id > 0 AND d.orders > 0), 0) AS customers,
       coalesce(sum(c.sign) FILTER (WHERE d.day = c.first_day), 0) AS first_orders,
       sum(c.sign * d.revenue) AS revenue
  FROM ({rows}) c, unnest(c.days, c.orders, c.revenue) AS d (day, orders, revenue)
 GROUP BY d.day
"""
_DIFFERENCE = _SUMS.format(rows="SELECT 1 AS sign, * FROM gathered UNION ALL SELECT -1 AS sign, * FROM held")

_AGREE = f"""
WITH right_ones AS MATERIALIZED ({_SUMS.format(rows="SELECT 1 AS sign, * FROM outcomes_customerdays")}),
wrong AS (
    DELETE FROM outcomes_shopday s WHERE NOT EXISTS (SELECT FROM right_ones r WHERE r.day = s.day)
    RETURNING (orders, guest_orders, customers, first_orders, revenue) <> (0, 0, 0, 0, 0) AS counted
), put_right AS (
    INSERT INTO outcomes_shopday AS s (day, orders, guest_orders, customers, first_orders, revenue)
    SELECT * FROM right_ones
        ON CONFLICT (day) DO UPDATE
       SET orders = excluded.orders, guest_orders = excluded.guest_orders, customers = excluded.customers,
           first_orders = excluded.first_orders, revenue = excluded.revenue
     WHERE (s.orders, s.guest_orders, s.customers, s.first_orders, s.revenue)
           <> (excluded.orders, excluded.guest_orders, excluded.customers, excluded.first_orders,
               excluded.revenue)
    RETURNING day
)
SELECT (SELECT count(*) FROM wrong WHERE counted) + (SELECT count(*) FROM put_right)
"""  # noqa: S608 - made of constants only

#: An erasure leaves the sales without the person: they become guests' orders of the same days.
_FORGET = """
WITH gone AS (
    DELETE FROM outcomes_customerdays WHERE customer_id = %(customer)s
    RETURNING days, orders, revenue, first_day
), of_a_day AS (
    SELECT d.day, d.orders, d.revenue, d.day = g.first_day AS first
      FROM gone g, unnest(g.days, g.orders, g.revenue) AS d (day, orders, revenue)
), guests AS (
    INSERT INTO outcomes_customerdays AS t (customer_id, days, orders, revenue)
    SELECT DATE '1970-01-01' - day, ARRAY[day], ARRAY[orders], ARRAY[revenue] FROM of_a_day
        ON CONFLICT (customer_id) DO UPDATE
       SET orders = ARRAY[t.orders[1] + excluded.orders[1]],
           revenue = ARRAY[t.revenue[1] + excluded.revenue[1]]
)
UPDATE outcomes_shopday s
   SET guest_orders = s.guest_orders + d.orders, customers = s.customers - (d.orders > 0)::int,
       first_orders = s.first_orders - coalesce(d.first, false)::int
  FROM of_a_day d WHERE d.day = s.day
"""


def follow(*, now: datetime) -> int:
    """Bring the days up to date with the customers who changed; return how many they were.

    1,000 customers with 25 orders each take about 0.3 s, guests' orders of three days a few milliseconds.
    A worker that dies leaves its customers to the next one; looking twice changes nothing. What was built
    for another time zone, or never, is built anew.
    """
    if not built():
        return build(now=now)
    looked_at = 0
    for _batch in range(BATCHES):
        taken = changes.take(CONSUMER, BATCH, now)
        if not taken:
            break
        with transaction.atomic():
            look_at(change.customer_id for change in taken)
            changes.acknowledge(CONSUMER, taken)
        looked_at += len(taken)
    today = now.astimezone(clock.shop_zone()).date()
    _look_at_guests(today - timedelta(days=GUEST_DAYS - 1), today + timedelta(days=2))
    _alive(now)
    return looked_at


@transaction.atomic
def look_at(customer_ids: Iterable[int]) -> None:
    """Move the days by what changed about some customers, in the caller's transaction."""
    ids = number_array(sorted(set(customer_ids)))
    _look("e.customer_id = ANY(%(ids)s::bigint[])", "h.customer_id = ANY(%(ids)s::bigint[])", ids=ids)


def build(*, now: datetime) -> int:
    """Look at everybody, then add all days up once more; return the customers.

    Nightly: what no change tells of (facts removed by retention, guests' late orders) is found, and days
    that do not agree with their customers are put right and logged. Slice by slice, so that readers always
    see whole days and a killed build loses a slice; 200,000 customers take about a minute.
    """
    if not built():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute("DELETE FROM outcomes_customerdays")
            cursor.execute("DELETE FROM outcomes_shopday")
    after, customers = 0, Customer.objects.count()
    while (last := _slice_after(after)) is not None:
        _look(
            "e.customer_id > %(after)s AND e.customer_id <= %(to)s",
            "h.customer_id > %(after)s AND h.customer_id <= %(to)s",
            after=after,
            to=last,
        )
        after = last
    _look("e.customer_id IS NULL", "h.customer_id < 1")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_AGREE)
        wrong = cursor.fetchone()[0]
    if wrong:
        log.warning("days_put_right", days=wrong)
    _alive(now)
    return customers


def forget(customer_id: int) -> int:
    """Cut a person from the days in the caller's transaction; the sums stay. Return the days."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_FORGET, {"customer": customer_id})
        return int(cursor.rowcount)


def built() -> bool:
    """Say whether the days were built, and by the clock that the shop goes by now."""
    zone = str(clock.shop_zone())
    return Heartbeat.objects.filter(name=CONSUMER, details__zone=zone).exists()


def _alive(now: datetime) -> None:
    Heartbeat.objects.update_or_create(
        name=CONSUMER, defaults={"at": now, "details": {"zone": str(clock.shop_zone())}}
    )


def _look_at_guests(first: date, end: date) -> None:
    _look(
        "e.customer_id IS NULL AND e.occurred_at >= %(since)s AND e.occurred_at < %(until)s",
        "h.customer_id > %(past)s AND h.customer_id <= %(to)s",
        since=at_local(first, time(), clock.shop_zone()),
        until=at_local(end, time(), clock.shop_zone()),
        to=(_EPOCH - first).days,
        past=(_EPOCH - end).days,
    )


@transaction.atomic
def _look(facts: str, held: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        # The planner cannot know how many facts there are and would compare each with each.
        cursor.execute("SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL enable_nestloop = off")
        cursor.execute(
            _LOOK.format(facts=facts, held=held, sums=_DIFFERENCE), {"zone": str(clock.shop_zone()), **values}
        )
        cursor.execute("SET LOCAL enable_nestloop = on")


def _slice_after(after: int) -> int | None:
    """Return the last of the next customers; those who are gone but still held come along."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(id) FROM (SELECT id FROM ("
            "(SELECT id FROM customers_customer WHERE id > %(after)s ORDER BY id LIMIT %(n)s) UNION"
            " (SELECT customer_id FROM outcomes_customerdays WHERE customer_id > %(after)s"
            " ORDER BY customer_id LIMIT %(n)s)) known (id) ORDER BY id LIMIT %(n)s) next_ones",
            {"after": after, "n": SLICE},
        )
        found: int | None = cursor.fetchone()[0]
        return found
