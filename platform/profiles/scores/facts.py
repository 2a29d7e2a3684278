"""The facts that scores are learned from, as the library wants them."""

from datetime import datetime

import polars as pl

from core import clock
from core.copy import copy_to_frame
from profiles import rules
from recommender.columns import AMOUNT, DISCOUNT, EVENT, TIME, USER
from recommender.scoring import Past
from recommender.scoring.history import CLICK, HOLIDAY, MESSAGE, OFFER, REDEMPTION, SALE, UNTIL

#: One row per order, less what was cancelled and given back. Lines without an order id that share their
#: moment are one order.
_ORDERS = """
WITH taken_back AS MATERIALIZED (
    SELECT customer_id, order_id, product_id
    FROM events_event
    WHERE type = 'cancel' AND order_id IS NOT NULL AND customer_id IS NOT NULL
      AND occurred_at < %(as_of)s
    GROUP BY 1, 2, 3
),
refunded AS (
    SELECT customer_id, order_id, sum(abs(amount)) AS amount
    FROM events_event
    WHERE type = 'refund' AND order_id IS NOT NULL AND customer_id IS NOT NULL AND occurred_at < %(as_of)s
    GROUP BY 1, 2
),
bought AS (
    SELECT
        e.customer_id,
        e.order_id,
        coalesce(e.order_id, e.occurred_at::text) AS order_key,
        min(e.occurred_at) AS at,
        sum(e.amount) AS amount,
        sum(greatest(e.discount, 0)) AS discount,
        count(DISTINCT e.product_id) AS items
    FROM events_event e
    JOIN customers_customer c ON c.id = e.customer_id AND NOT c.no_profiling
    WHERE e.type = 'purchase' AND e.occurred_at < %(as_of)s AND e.quality <> 'no_quantity'
      AND NOT EXISTS (
          SELECT FROM taken_back x
          WHERE x.customer_id = e.customer_id AND x.order_id = e.order_id
            AND (x.product_id IS NULL OR x.product_id = e.product_id)
      )
    GROUP BY 1, 2, 3
)
SELECT
    b.customer_id::text AS user_id,
    extract(epoch FROM b.at)::float8 AS timestamp,
    (coalesce(b.amount, 0) - coalesce(r.amount, 0))::float8 AS amount,
    coalesce(b.discount, 0)::float8 AS discount,
    b.items,
    coalesce(day.sale <> '', false)
        OR coalesce(b.discount > %(sale)s * (b.amount + b.discount), false) AS sale,
    coalesce(day.holiday <> '', false) AS holiday
FROM bought b
LEFT JOIN profiles_calendarday day ON day.day = (b.at AT TIME ZONE %(zone)s)::date
LEFT JOIN refunded r ON r.customer_id = b.customer_id AND r.order_id = b.order_id
"""

#: A coupon's event says until when it can be used. A click by a machine says nothing about the customer.
_RESPONSES = """
SELECT
    e.customer_id::text AS user_id,
    extract(epoch FROM e.occurred_at)::float8 AS timestamp,
    CASE e.type
        WHEN 'coupon_assigned' THEN %(offer)s
        WHEN 'coupon_redeemed' THEN %(redemption)s
        WHEN 'message_sent' THEN %(message)s
        ELSE %(click)s
    END AS event,
    CASE
        WHEN e.type = 'coupon_assigned' AND pg_input_is_valid(e.properties ->> 'until', 'timestamptz')
        THEN extract(epoch FROM (e.properties ->> 'until')::timestamptz)::float8
    END AS until
FROM events_event e
JOIN customers_customer c ON c.id = e.customer_id AND NOT c.no_profiling
WHERE e.type IN ('coupon_assigned', 'coupon_redeemed', 'message_sent', 'message_clicked')
  AND e.occurred_at < %(as_of)s
  AND (e.type <> 'message_clicked' OR coalesce(e.properties ->> 'machine', 'false') <> 'true')
"""


def read_past(as_of: datetime) -> Past:
    """Read every order and response before `as_of` by two COPYs; ids are our own, no personal data.

    Nothing of customers who object to profiling is read. Orders say what the shop's calendar explains,
    where it explains any of them. About 1 s and 100 MB a million orders.
    """
    baskets = read_baskets(as_of)
    responses = copy_to_frame(
        _RESPONSES,
        {"as_of": as_of, "offer": OFFER, "redemption": REDEMPTION, "message": MESSAGE, "click": CLICK},
        {USER: pl.String, TIME: pl.Float64, EVENT: pl.String, UNTIL: pl.Float64},
    )
    return Past(baskets, responses)


def read_baskets(as_of: datetime) -> pl.DataFrame:
    """Read every order before `as_of`, sorted by customer and time; see read_past."""
    numbers = dict.fromkeys((TIME, AMOUNT, DISCOUNT), pl.Float64)
    marks = dict.fromkeys((SALE, HOLIDAY), pl.String)
    values = {"as_of": as_of, "zone": str(clock.shop_zone()), "sale": rules.SALE}
    baskets = copy_to_frame(_ORDERS, values, {USER: pl.String, **numbers, "items": pl.Int64, **marks})
    baskets = baskets.with_columns(pl.col(name) == "t" for name in marks)
    # A mark that no order has explains nothing.
    return baskets.drop(name for name in marks if not baskets[name].any()).sort(USER, TIME)
