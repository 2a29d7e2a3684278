"""Facts that profiles are made of, and their sums: one row of figures for each customer of a set.

The facts are read once, into a narrow table `{facts}`; after that everything works on that table. Only
facts with `occurred_at < as_of` are read, and none of customers who object to profiling. Nothing here
depends on another customer, so that a set of any size gives each of them the same row.
"""

from profiles.rules import SALE, TOP_BRANDS, TOP_TERMS

#: The facts of a set of customers. `{scope}` says who; `word` is the channel of a purchase, the term of a
#: search. Lines without an order id that share their moment are one order.
FACTS = """
SELECT
    e.customer_id,
    e.type,
    e.occurred_at AS at,
    coalesce(e.order_id, CASE WHEN e.type = 'purchase' THEN e.occurred_at::text END) AS order_key,
    e.product_id,
    e.amount,
    e.discount,
    e.quantity,
    e.covers_order,
    CASE
        WHEN e.type = 'purchase' THEN coalesce(e.properties ->> 'channel', e.source)
        WHEN e.type = 'search' THEN lower(btrim(e.properties ->> 'search'))
    END AS word
FROM events_event e
JOIN customers_customer c ON c.id = e.customer_id AND NOT c.no_profiling
WHERE e.type IN ('purchase', 'cancel', 'refund', 'search')
  AND e.occurred_at < %(as_of)s
  AND (e.type <> 'purchase' OR e.quality <> 'no_quantity')
  {scope}
"""

#: What was taken back before it was delivered, a whole order or one product of it, and orders that were given
#: back whole (`events.refunds`). Few rows; a table of their own lets the planner see how few.
CANCELLED = """
CREATE TEMPORARY TABLE profile_cancelled ON COMMIT DROP AS
SELECT DISTINCT customer_id, order_key, CASE WHEN type = 'cancel' THEN product_id END AS product_id,
    type = 'refund' AS given_back
FROM {facts}
WHERE order_key IS NOT NULL AND (type = 'cancel' OR type = 'refund' AND covers_order)
"""

#: The lines that count.
LINE = """
SELECT f.customer_id, f.order_key, f.at, f.product_id, f.amount, f.discount, f.quantity, f.word AS channel
FROM {facts}
WHERE f.type = 'purchase' AND NOT EXISTS (
    SELECT FROM profile_cancelled x
    WHERE x.customer_id = f.customer_id AND x.order_key = f.order_key
      AND (x.product_id IS NULL OR x.product_id = f.product_id)
)
"""

LINES = f"CREATE TEMPORARY TABLE profile_line ON COMMIT DROP AS {LINE}"

#: One row per order, in each customer's order of time.
ORDERS = """
CREATE TEMPORARY TABLE profile_order ON COMMIT DROP AS
SELECT
    o.*,
    extract(hour FROM local)::int AS hour,
    extract(isodow FROM local)::int AS weekday,
    day.holiday <> '' AS holiday,
    day.sale <> '' AS sale,
    lag(at) OVER place AS previous,
    first_value(at) OVER place AS first,
    row_number() OVER place AS number
FROM (
    SELECT
        customer_id, order_key,
        min(at) AS at,
        min(at) AT TIME ZONE %(zone)s AS local,
        sum(amount) AS amount,
        sum(greatest(discount, 0)) AS discount,
        sum(quantity) AS units,
        count(*) AS lines,
        count(*) FILTER (WHERE discount > 0) AS discounted,
        count(product_id) AS known_lines,
        min(channel) AS channel
    FROM profile_line
    GROUP BY 1, 2
) o
LEFT JOIN profiles_calendarday day ON day.day = o.local::date
WINDOW place AS (PARTITION BY customer_id ORDER BY at, order_key)
"""

#: One row per customer and product bought: what was spent on it, in ten-thousandths, halved every
#: `half_life` days before the customer's last order. Only shares of it are told, so the moment that halving
#: is counted from does not matter; and whole numbers add up to the same in any order, so that both builds
#: agree without sorting. (date_part is float8, EXTRACT an exact and slower numeric.)
SPEND = """
CREATE TEMPORARY TABLE profile_spend ON COMMIT DROP AS
SELECT s.customer_id, c.root_id, nullif(p.brand, '') AS brand, s.spend
FROM (
    SELECT
        customer_id, product_id,
        sum(round(
            10000 * greatest(coalesce(amount, 0)::float8, 0)
            * power(0.5, date_part('epoch', last_at - at) / 86400 / %(half_life)s)
        )) AS spend
    FROM profile_line
    JOIN (SELECT customer_id, max(at) AS last_at FROM profile_line GROUP BY 1) newest USING (customer_id)
    WHERE product_id IS NOT NULL
    GROUP BY 1, 2
) s
LEFT JOIN catalog_product p ON p.id = s.product_id
LEFT JOIN (
    SELECT own.id, root.id AS root_id
    FROM catalog_category own
    JOIN catalog_category root ON root.path = split_part(own.path, '/', 1)
) c ON c.id = p.category_id
"""

#: What a set of customers did, in temporary tables that go with the transaction.
GATHERED = (CANCELLED, LINES, ORDERS, SPEND)

#: The columns of a row of figures, in the order of FIGURES.
COLUMNS = (
    "first_order_at", "last_order_at", "recency_days", "tenure_days", "orders", "orders_90d", "units",
    "products", "revenue", "revenue_90d", "refunds", "refund_share", "basket_value", "basket_items",
    "unit_price", "gap_days", "repeat_share", "discount_share", "discounted_lines", "sale_share",
    "holiday_share", "weekend_share", "daypart_affinity", "preferred_hour", "preferred_weekday",
    "preferred_channel", "top_category_id", "category_affinity", "brand_affinity", "interests", "returned",
    "return_gap_days",
)  # fmt: skip


def _share(part: str) -> str:
    """Return SQL for a share of the whole, to four digits. (A float becomes a numeric by way of text.)"""
    return f"round(10000 * {part} / whole)::int * 0.0001"


#: One row per customer of the set, with or without orders.
FIGURES = f"""
WITH bought AS (
    SELECT
        customer_id,
        min(at) AS first_order_at,
        max(at) AS last_order_at,
        count(*) AS orders,
        count(*) FILTER (WHERE at >= %(as_of)s - interval '90 days') AS orders_90d,
        sum(units) AS units,
        sum(amount) AS amount,
        sum(amount) FILTER (WHERE at >= %(as_of)s - interval '90 days') AS amount_90d,
        sum(amount) FILTER (WHERE sale OR discount > {SALE} * (amount + discount)) AS sale_amount,
        sum(amount) FILTER (WHERE holiday) AS holiday_amount,
        sum(discount) AS discount,
        sum(lines) AS lines,
        sum(known_lines) AS known_lines,
        sum(discounted) AS discounted,
        (count(*) FILTER (WHERE weekday >= 6))::float8 / count(*) AS weekend_share,
        mode() WITHIN GROUP (ORDER BY hour) AS preferred_hour,
        mode() WITHIN GROUP (ORDER BY weekday) AS preferred_weekday,
        mode() WITHIN GROUP (ORDER BY channel) AS preferred_channel,
        -- Came back lately from a silence that was long by the rhythm until then; as long as that
        -- rhythm is not the customer's own yet, the shop's is asked when profiles are published.
        bool_or(
            number > %(rhythm_orders)s AND at >= %(as_of)s - make_interval(days => %(won_back_days)s)
            AND date_part('epoch', at - previous) / 86400 > %(lapsed_after)s * greatest(
                %(shortest_rhythm)s, date_part('epoch', previous - first) / 86400 / greatest(number - 2, 1)
            )
        ) AS returned,
        max(date_part('epoch', at - previous) / 86400) FILTER (
            WHERE number <= %(rhythm_orders)s AND at >= %(as_of)s - make_interval(days => %(won_back_days)s)
        ) AS return_gap_days
    FROM profile_order
    GROUP BY 1
),
part AS (
    SELECT
        customer_id, part,
        sum(power(0.5, date_part('epoch', %(as_of)s - at) / 86400 / %(half_life)s) ORDER BY at) AS weight
    FROM (
        SELECT
            customer_id, at,
            CASE
                WHEN hour < 6 THEN 'night' WHEN hour < 12 THEN 'morning'
                WHEN hour < 18 THEN 'afternoon' ELSE 'evening'
            END AS part
        FROM profile_order
    ) o
    GROUP BY 1, 2
),
parts AS (
    SELECT customer_id, jsonb_object_agg(part, {_share("weight")}) AS daypart_affinity
    FROM (
        SELECT *, sum(weight) OVER (PARTITION BY customer_id ORDER BY part
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS whole
        FROM part
    ) p
    WHERE whole > 0
    GROUP BY 1
),
given_back AS (
    SELECT
        customer_id,
        sum(abs(amount)) AS amount,
        sum(abs(amount)) FILTER (WHERE at >= %(as_of)s - interval '90 days') AS amount_90d
    FROM {{facts}}
    WHERE type = 'refund'
    GROUP BY 1
),
-- What was paid for orders that were given back whole: no orders any more, their money came and went.
undone AS (
    SELECT
        f.customer_id,
        sum(f.amount) AS amount,
        sum(f.amount) FILTER (WHERE f.at >= %(as_of)s - interval '90 days') AS amount_90d
    FROM {{facts}}
    WHERE f.type = 'purchase' AND EXISTS (
        SELECT FROM profile_cancelled x
        WHERE x.customer_id = f.customer_id AND x.order_key = f.order_key AND x.given_back
    ) AND NOT EXISTS (
        SELECT FROM profile_cancelled x
        WHERE x.customer_id = f.customer_id AND x.order_key = f.order_key AND NOT x.given_back
          AND (x.product_id IS NULL OR x.product_id = f.product_id)
    )
    GROUP BY 1
),
searched AS (
    SELECT
        customer_id,
        jsonb_agg(jsonb_build_object('term', word, 'count', n) ORDER BY n DESC, word) AS interests
    FROM (
        SELECT
            customer_id, word, count(*) AS n,
            row_number() OVER (PARTITION BY customer_id ORDER BY count(*) DESC, word) AS place
        FROM {{facts}}
        WHERE type = 'search' AND word <> ''
        GROUP BY 1, 2
    ) ranked
    WHERE place <= {TOP_TERMS}
    GROUP BY 1
),
category AS (
    SELECT
        s.customer_id, s.root_id, root.path, s.spend, sum(s.spend) OVER largest AS whole,
        row_number() OVER largest AS place
    FROM (
        SELECT customer_id, root_id, sum(spend) AS spend
        FROM profile_spend WHERE root_id IS NOT NULL GROUP BY 1, 2
    ) s
    JOIN catalog_category root ON root.id = s.root_id
    WINDOW largest AS (
        PARTITION BY s.customer_id ORDER BY s.spend DESC, s.root_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),
categories AS (
    SELECT
        customer_id,
        max(root_id) FILTER (WHERE place = 1) AS top_category_id,
        jsonb_object_agg(path, {_share("spend")}) FILTER (WHERE spend >= 0.0001 * whole)
            AS affinity
    FROM category
    WHERE whole > 0
    GROUP BY 1
),
brand AS (
    SELECT
        customer_id, brand, spend, sum(spend) OVER largest AS whole, row_number() OVER largest AS place
    FROM (
        SELECT customer_id, brand, sum(spend) AS spend
        FROM profile_spend WHERE brand IS NOT NULL GROUP BY 1, 2
    ) s
    WINDOW largest AS (
        PARTITION BY customer_id ORDER BY spend DESC, brand
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),
brands AS (
    SELECT
        customer_id,
        jsonb_object_agg(brand, {_share("spend")}) FILTER (WHERE spend >= 0.0001 * whole)
            AS affinity
    FROM brand
    WHERE whole > 0 AND place <= {TOP_BRANDS}
    GROUP BY 1
),
bought_products AS (
    SELECT customer_id, count(*) AS products FROM profile_spend GROUP BY 1
)
SELECT
    c.id AS customer_id,
    b.first_order_at,
    b.last_order_at,
    date_part('epoch', %(as_of)s - b.last_order_at) / 86400 AS recency_days,
    date_part('epoch', %(as_of)s - b.first_order_at) / 86400 AS tenure_days,
    coalesce(b.orders, 0) AS orders,
    coalesce(b.orders_90d, 0) AS orders_90d,
    coalesce(b.units, 0) AS units,
    coalesce(p.products, 0) AS products,
    coalesce(b.amount, 0) + coalesce(u.amount, 0) - coalesce(r.amount, 0) AS revenue,
    coalesce(b.amount_90d, 0) + coalesce(u.amount_90d, 0) - coalesce(r.amount_90d, 0) AS revenue_90d,
    coalesce(r.amount, 0) AS refunds,
    (coalesce(r.amount, 0) / nullif(coalesce(b.amount, 0) + coalesce(u.amount, 0), 0))::float8
        AS refund_share,
    round(
        (coalesce(b.amount, 0) + coalesce(u.amount, 0) - coalesce(r.amount, 0)) / nullif(b.orders, 0), 2
    ) AS basket_value,
    b.lines::float8 / b.orders AS basket_items,
    round(b.amount / nullif(b.units, 0), 2) AS unit_price,
    CASE WHEN b.orders > 1 THEN
        date_part('epoch', b.last_order_at - b.first_order_at) / 86400 / (b.orders - 1)
    END AS gap_days,
    1 - p.products::float8 / nullif(b.known_lines, 0) AS repeat_share,
    (b.discount / nullif(
        greatest(b.amount + coalesce(u.amount, 0) - coalesce(r.amount, 0), 0) + b.discount, 0
    ))::float8 AS discount_share,
    b.discounted::float8 / b.lines AS discounted_lines,
    (coalesce(b.sale_amount, 0) / nullif(b.amount, 0))::float8 AS sale_share,
    (coalesce(b.holiday_amount, 0) / nullif(b.amount, 0))::float8 AS holiday_share,
    b.weekend_share,
    coalesce(d.daypart_affinity, '{{{{}}}}') AS daypart_affinity,
    b.preferred_hour::smallint,
    b.preferred_weekday::smallint,
    left(coalesce(b.preferred_channel, ''), 50) AS preferred_channel,
    k.top_category_id,
    coalesce(k.affinity, '{{{{}}}}') AS category_affinity,
    coalesce(a.affinity, '{{{{}}}}') AS brand_affinity,
    coalesce(s.interests, '[]') AS interests,
    coalesce(b.returned, false) AS returned,
    b.return_gap_days
FROM customers_customer c
LEFT JOIN bought b ON b.customer_id = c.id
LEFT JOIN bought_products p ON p.customer_id = c.id
LEFT JOIN parts d ON d.customer_id = c.id
LEFT JOIN given_back r ON r.customer_id = c.id
LEFT JOIN undone u ON u.customer_id = c.id
LEFT JOIN searched s ON s.customer_id = c.id
LEFT JOIN categories k ON k.customer_id = c.id
LEFT JOIN brands a ON a.customer_id = c.id
WHERE NOT c.no_profiling {{people}}
"""  # noqa: S608 - made of constants only
