"""The statements that build all profiles, in their order.

Facts are first boiled down to temporary tables, because PostgreSQL
reads the partitions in parallel for CREATE TABLE AS but not for INSERT … SELECT; everything after
works on those. Every statement takes the same named parameters; only facts with
`occurred_at < as_of` are read, and none of customers who object to profiling.
"""

from profiles.rules import LIFECYCLE, RFM_CLASS, quantile_score

#: What was taken back before it was delivered: a whole order, or one product of it. Few rows; a table of
#: their own lets the planner see how few.
CANCELLED = """
CREATE TEMPORARY TABLE profile_cancelled AS
SELECT DISTINCT customer_id, order_id, product_id
FROM events_event
WHERE type = 'cancel' AND order_id IS NOT NULL AND customer_id IS NOT NULL AND occurred_at < %(as_of)s;
ANALYZE profile_cancelled
"""

#: The lines that count: bought before the moment, of some quantity, not cancelled, by a customer who may
#: be profiled.
_LINES = """
FROM events_event e
JOIN customers_customer c ON c.id = e.customer_id AND NOT c.no_profiling
WHERE e.type = 'purchase' AND e.occurred_at < %(as_of)s AND e.quality <> 'no_quantity'
  AND NOT EXISTS (
      SELECT FROM profile_cancelled x
      WHERE x.customer_id = e.customer_id AND x.order_id = e.order_id
        AND (x.product_id IS NULL OR x.product_id = e.product_id)
  )
"""

#: One row per order. Lines without an order id that share their moment are one order.
ORDERS = f"""
CREATE TEMPORARY TABLE profile_order AS
SELECT
    e.customer_id,
    coalesce(e.order_id, e.occurred_at::text) AS order_key,
    min(e.occurred_at) AS at,
    sum(e.amount) AS amount,
    sum(greatest(e.discount, 0)) AS discount,
    sum(e.quantity) AS units,
    count(*) AS lines,
    count(*) FILTER (WHERE e.discount > 0) AS discounted,
    min(coalesce(e.properties ->> 'channel', e.source)) AS channel
{_LINES}
GROUP BY 1, 2
"""

#: One row per customer: what was given back, as positive amounts.
REFUNDS = """
CREATE TEMPORARY TABLE profile_refund AS
SELECT
    customer_id,
    sum(abs(amount)) AS amount,
    sum(abs(amount)) FILTER (WHERE occurred_at >= %(as_of)s - interval '90 days') AS amount_90d
FROM events_event
WHERE type = 'refund' AND occurred_at < %(as_of)s AND customer_id IS NOT NULL
GROUP BY 1
"""

#: One row per customer: the ten most searched terms, `[{"term", "count"}]`.
SEARCHES = """
CREATE TEMPORARY TABLE profile_search AS
SELECT customer_id, jsonb_agg(jsonb_build_object('term', term, 'count', n) ORDER BY n DESC, term) AS interests
FROM (
    SELECT
        customer_id, term, count(*) AS n,
        row_number() OVER (PARTITION BY customer_id ORDER BY count(*) DESC, term) AS place
    FROM (
        SELECT customer_id, lower(btrim(properties ->> 'search')) AS term
        FROM events_event
        WHERE type = 'search' AND occurred_at < %(as_of)s AND customer_id IS NOT NULL
    ) searched
    WHERE term <> ''
    GROUP BY 1, 2
) ranked
WHERE place <= 10
GROUP BY 1
"""

#: One row per customer: shares of spend by top-level category and by brand, and how many products. Spend
#: halves every `half_life` days before `as_of`. (date_part is float8, EXTRACT an exact and slower numeric.)
AFFINITIES = f"""
CREATE TEMPORARY TABLE profile_affinity AS
WITH spend AS (
    SELECT
        e.customer_id,
        e.product_id,
        sum(
            greatest(coalesce(e.amount, 0)::float8, 0)
            * power(0.5, date_part('epoch', %(as_of)s - e.occurred_at) / 86400 / %(half_life)s)
        ) AS spend
    {_LINES}
      AND e.product_id IS NOT NULL
    GROUP BY 1, 2
),
product AS (
    SELECT p.id AS product_id, root.id AS root_id, root.path, nullif(p.brand, '') AS brand
    FROM catalog_product p
    LEFT JOIN catalog_category c ON c.id = p.category_id
    LEFT JOIN catalog_category root ON root.path = split_part(c.path, '/', 1)
),
grouped AS (
    SELECT s.customer_id, p.root_id, p.path, p.brand, sum(s.spend) AS spend, count(*) AS products
    FROM spend s
    LEFT JOIN product p USING (product_id)
    GROUP BY 1, 2, 3, 4
),
category AS (
    SELECT
        customer_id, root_id, path,
        sum(spend) / nullif(sum(sum(spend)) OVER (PARTITION BY customer_id), 0) AS share,
        row_number() OVER (PARTITION BY customer_id ORDER BY sum(spend) DESC, path) AS place
    FROM grouped
    WHERE root_id IS NOT NULL
    GROUP BY 1, 2, 3
),
brand AS (
    SELECT
        customer_id, brand,
        sum(spend) / nullif(sum(sum(spend)) OVER (PARTITION BY customer_id), 0) AS share,
        row_number() OVER (PARTITION BY customer_id ORDER BY sum(spend) DESC, brand) AS place
    FROM grouped
    WHERE brand IS NOT NULL
    GROUP BY 1, 2
),
categories AS (
    SELECT
        customer_id,
        max(root_id) FILTER (WHERE place = 1) AS top_category_id,
        jsonb_object_agg(path, round(share::numeric, 4)) FILTER (WHERE share >= 0.0001) AS affinity
    FROM category
    GROUP BY 1
),
brands AS (
    SELECT
        customer_id,
        jsonb_object_agg(brand, round(share::numeric, 4)) FILTER (WHERE share >= 0.0001) AS affinity
    FROM brand
    WHERE place <= 20
    GROUP BY 1
)
SELECT
    p.customer_id, p.products, c.top_category_id,
    coalesce(c.affinity, '{{}}') AS category_affinity,
    coalesce(b.affinity, '{{}}') AS brand_affinity
FROM (SELECT customer_id, sum(products) AS products FROM grouped GROUP BY 1) p
LEFT JOIN categories c USING (customer_id)
LEFT JOIN brands b USING (customer_id)
"""  # noqa: S608 - made of constants only

FACTS = (
    ("cancellations", CANCELLED),
    ("orders", ORDERS),
    ("refunds", REFUNDS),
    ("searches", SEARCHES),
    ("affinities", AFFINITIES),
)

_COLUMNS = (
    "first_order_at", "last_order_at", "recency_days", "orders", "orders_90d", "units", "products",
    "revenue", "revenue_90d", "basket_value", "basket_items", "gap_days", "discount_share",
    "discounted_lines", "weekend_share", "preferred_hour", "preferred_weekday", "preferred_channel",
    "top_category_id", "category_affinity", "brand_affinity", "interests",
    "rfm_r", "rfm_f", "rfm_m", "rfm_class", "lifecycle",
)  # fmt: skip

#: From the temporary tables to one profile per customer. Persona and place on the map are left alone.
STORE = f"""
INSERT INTO profiles_customerprofile (customer_id, as_of, computed_at, {", ".join(_COLUMNS)})
WITH history AS (
    SELECT
        *,
        at AT TIME ZONE %(zone)s AS local,
        lag(at) OVER place AS previous,
        first_value(at) OVER place AS first,
        row_number() OVER place AS number
    FROM profile_order
    WINDOW place AS (PARTITION BY customer_id ORDER BY at, order_key)
),
bought AS (
    SELECT
        customer_id,
        min(at) AS first_order_at,
        max(at) AS last_order_at,
        count(*) AS orders,
        count(*) FILTER (WHERE at >= %(as_of)s - interval '90 days') AS orders_90d,
        sum(units) AS units,
        sum(amount) AS amount,
        sum(amount) FILTER (WHERE at >= %(as_of)s - interval '90 days') AS amount_90d,
        sum(discount) AS discount,
        sum(lines) AS lines,
        sum(discounted) AS discounted,
        avg((extract(isodow FROM local) >= 6)::int)::float8 AS weekend_share,
        mode() WITHIN GROUP (ORDER BY extract(hour FROM local)) AS preferred_hour,
        mode() WITHIN GROUP (ORDER BY extract(isodow FROM local)) AS preferred_weekday,
        mode() WITHIN GROUP (ORDER BY channel) AS preferred_channel
    FROM history
    GROUP BY 1
),
figures AS (
    SELECT
        c.id AS customer_id,
        b.first_order_at, b.last_order_at,
        extract(epoch FROM %(as_of)s - b.last_order_at)::float8 / 86400 AS recency_days,
        coalesce(b.orders, 0) AS orders,
        coalesce(b.orders_90d, 0) AS orders_90d,
        coalesce(b.units, 0) AS units,
        coalesce(a.products, 0) AS products,
        coalesce(b.amount, 0) - coalesce(r.amount, 0) AS revenue,
        coalesce(b.amount_90d, 0) - coalesce(r.amount_90d, 0) AS revenue_90d,
        b.lines::float8 / b.orders AS basket_items,
        CASE WHEN b.orders > 1 THEN
            extract(epoch FROM b.last_order_at - b.first_order_at)::float8 / 86400 / (b.orders - 1)
        END AS gap_days,
        coalesce(b.discount, 0) AS discount,
        b.discounted::float8 / b.lines AS discounted_lines,
        b.weekend_share, b.preferred_hour, b.preferred_weekday,
        left(coalesce(b.preferred_channel, ''), 50) AS preferred_channel,
        a.top_category_id,
        coalesce(a.category_affinity, '{{}}') AS category_affinity,
        coalesce(a.brand_affinity, '{{}}') AS brand_affinity,
        coalesce(s.interests, '[]') AS interests
    FROM customers_customer c
    LEFT JOIN bought b ON b.customer_id = c.id
    LEFT JOIN profile_affinity a ON a.customer_id = c.id
    LEFT JOIN profile_refund r ON r.customer_id = c.id
    LEFT JOIN profile_search s ON s.customer_id = c.id
    WHERE NOT c.no_profiling
),
shop AS (
    SELECT coalesce(
        percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_days) FILTER (WHERE orders >= %(rhythm_orders)s),
        %(default_rhythm)s
    ) AS median_gap
    FROM figures
),
returned AS (
    -- Came back lately from a silence that was long by the rhythm until then.
    SELECT DISTINCT customer_id
    FROM history, shop
    WHERE number > 1
      AND at >= %(as_of)s - make_interval(days => %(won_back_days)s)
      AND extract(epoch FROM at - previous)::float8 / 86400 > %(lapsed_after)s * greatest(
          %(shortest_rhythm)s,
          CASE WHEN number > %(rhythm_orders)s
              THEN extract(epoch FROM previous - first)::float8 / 86400 / (number - 2)
              ELSE median_gap
          END
      )
),
scored AS (
    SELECT
        f.*,
        {quantile_score("orders > 0", "last_order_at")} AS r,
        {quantile_score("orders > 0", "orders")} AS f,
        {quantile_score("orders > 0", "revenue")} AS m,
        greatest(
            %(shortest_rhythm)s,
            CASE WHEN orders >= %(rhythm_orders)s THEN gap_days ELSE median_gap END
        ) AS rhythm,
        back.customer_id IS NOT NULL AS back
    FROM figures f
    CROSS JOIN shop
    LEFT JOIN returned back USING (customer_id)
)
SELECT
    customer_id, %(as_of)s, %(now)s,
    first_order_at, last_order_at, recency_days, orders, orders_90d, units, products,
    revenue, revenue_90d, round(revenue / nullif(orders, 0), 2), basket_items, gap_days,
    (discount / nullif(greatest(revenue, 0) + discount, 0))::float8,
    discounted_lines, weekend_share, preferred_hour, preferred_weekday, preferred_channel,
    top_category_id, category_affinity, brand_affinity, interests,
    r, f, m, {RFM_CLASS}, {LIFECYCLE}
FROM scored
ON CONFLICT (customer_id) DO UPDATE SET
    as_of = EXCLUDED.as_of, computed_at = EXCLUDED.computed_at,
    {", ".join(f"{name} = EXCLUDED.{name}" for name in _COLUMNS)}
"""  # noqa: S608 - made of constants only

#: Customers who object to profiling have no profile.
FORGET = """
DELETE FROM profiles_customerprofile p
USING customers_customer c
WHERE c.id = p.customer_id AND c.no_profiling
"""

CLEAN_UP = """
DROP TABLE profile_cancelled, profile_order, profile_refund, profile_search, profile_affinity
"""
