"""Where each customer stands among all: scores by rank, RFM group, lifecycle; and the writing of profiles."""

from profiles.building.facts import COLUMNS
from profiles.rules import LIFECYCLE, RFM_CLASS, quantile_score

#: Everybody's standing: fresh figures, and of all others what their profiles say. One sort each for
#: recency, frequency and money. `{figures}` is the table of fresh figures, `{fresh}` which of them count.
STANDING = f"""
CREATE TEMPORARY TABLE profile_standing ON COMMIT DROP AS
WITH everybody AS (
    SELECT
        f.customer_id, true AS fresh, %(as_of)s::timestamptz AS as_of,
        f.first_order_at, f.last_order_at, f.recency_days, f.orders, f.revenue, f.gap_days, f.sale_share,
        f.returned, f.return_gap_days,
        NULL::smallint AS old_r, NULL::smallint AS old_f, NULL::smallint AS old_m,
        NULL::text AS old_class, NULL::text AS old_lifecycle
    FROM {{figures}} f
    JOIN customers_customer c ON c.id = f.customer_id AND NOT c.no_profiling
    WHERE {{fresh}}
    UNION ALL
    SELECT
        p.customer_id, false, p.as_of,
        p.first_order_at, p.last_order_at, p.recency_days, p.orders, p.revenue, p.gap_days, p.sale_share,
        p.returned, p.return_gap_days, p.rfm_r, p.rfm_f, p.rfm_m, p.rfm_class, p.lifecycle
    FROM profiles_customerprofile p
    WHERE NOT EXISTS (SELECT FROM {{figures}} f WHERE f.customer_id = p.customer_id AND {{fresh}})
),
shop AS (
    SELECT coalesce(
        percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_days) FILTER (WHERE orders >= %(rhythm_orders)s),
        %(default_rhythm)s
    ) AS median_gap
    FROM everybody
),
ranked AS (
    SELECT
        customer_id,
        {quantile_score("last_order_at")} AS r,
        {quantile_score("orders")} AS f,
        {quantile_score("revenue")} AS m
    FROM everybody
    WHERE orders > 0
),
placed AS (
    SELECT
        e.*, x.r, x.f, x.m,
        greatest(
            %(shortest_rhythm)s,
            CASE WHEN e.orders >= %(rhythm_orders)s THEN e.gap_days ELSE median_gap END
        ) AS rhythm,
        e.returned OR coalesce(
            e.return_gap_days > %(lapsed_after)s * greatest(%(shortest_rhythm)s, median_gap), false
        ) AS back
    FROM everybody e
    CROSS JOIN shop
    LEFT JOIN ranked x USING (customer_id)
)
SELECT
    customer_id, fresh, r, f, m, {RFM_CLASS} AS rfm_class, {LIFECYCLE} AS lifecycle,
    old_r, old_f, old_m, old_class, old_lifecycle
FROM placed
"""  # noqa: S608 - made of constants only

_WRITTEN = (*COLUMNS, "rfm_r", "rfm_f", "rfm_m", "rfm_class", "lifecycle")

#: Fresh figures become profiles. Persona and place on the map are left alone. Rows that exist are updated
#: where they lie (see the table's fillfactor): no index is touched unless what it holds changed.
WRITE = f"""
UPDATE profiles_customerprofile p
SET as_of = %(as_of)s, computed_at = %(now)s,
    {", ".join(f"{name} = f.{name}" for name in COLUMNS)},
    rfm_r = s.r, rfm_f = s.f, rfm_m = s.m, rfm_class = s.rfm_class, lifecycle = s.lifecycle
FROM profile_standing s
JOIN {{figures}} f ON f.customer_id = s.customer_id
WHERE s.customer_id = p.customer_id AND s.fresh
"""  # noqa: S608 - made of constants only

#: Who has no profile yet gets one. Whose profile is put back at this moment, by an undone merge, keeps it:
#: their change waits in the queue. Who has one is read beforehand: while the table is thought to be empty,
#: a nested loop would read what is being inserted over and over (200,000 first profiles took half an hour).
ADD = f"""
WITH known AS MATERIALIZED (SELECT customer_id FROM profiles_customerprofile)
INSERT INTO profiles_customerprofile (customer_id, as_of, computed_at, {", ".join(_WRITTEN)})
SELECT
    s.customer_id, %(as_of)s, %(now)s,
    {", ".join(f"f.{name}" for name in COLUMNS)},
    s.r, s.f, s.m, s.rfm_class, s.lifecycle
FROM profile_standing s
JOIN {{figures}} f ON f.customer_id = s.customer_id
WHERE s.fresh AND NOT EXISTS (SELECT FROM known k WHERE k.customer_id = s.customer_id)
ON CONFLICT (customer_id) DO NOTHING
"""  # noqa: S608 - made of constants only

#: Who is passed by others, or whose lifecycle follows the shop's rhythm, moves without an event.
MOVE = """
UPDATE profiles_customerprofile p
SET rfm_r = s.r, rfm_f = s.f, rfm_m = s.m, rfm_class = s.rfm_class, lifecycle = s.lifecycle
FROM profile_standing s
WHERE s.customer_id = p.customer_id AND NOT s.fresh
  AND (s.r, s.f, s.m, s.rfm_class, s.lifecycle)
      IS DISTINCT FROM (s.old_r, s.old_f, s.old_m, s.old_class, s.old_lifecycle)
"""

#: Customers who object to profiling have no profile.
FORGET = """
DELETE FROM profiles_customerprofile p
USING customers_customer c
WHERE c.id = p.customer_id AND c.no_profiling
"""
