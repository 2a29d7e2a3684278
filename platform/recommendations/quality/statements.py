"""The statements that look back. Facts of people are read by sets; nothing is asked a row at a time."""

from recommendations.registries import impressions

# What an answer showed: a list of skus, or within a slot's action.
_OVER_REST = """
SELECT decision.id::text AS id, decision.customer_id, decision.actor_id, decision.at, version.strategy_id,
       CASE WHEN jsonb_typeof(decision.action) = 'array' THEN decision.action
            WHEN jsonb_typeof(decision.action->'shown') = 'array' THEN decision.action->'shown'
            ELSE '[]'::jsonb END AS shown,
       CASE WHEN jsonb_typeof(decision.context->'sources'->'popular') = 'number'
            THEN (decision.context->'sources'->>'popular')::int ELSE 0 END AS fallback
  FROM recommendations_decision AS decision
  LEFT JOIN recommendations_modelversion AS version ON version.id::text = decision.policy_version
 WHERE decision.at >= %(since)s AND decision.at < %(until)s
"""
# What somebody else showed (recommendations.registries), to people who are all known.
_ELSEWHERE = """
UNION ALL SELECT id, customer_id, NULL::bigint, at, strategy_id, shown, fallback FROM ({impressions}) AS other
"""
_ANSWERS = """
answer AS MATERIALIZED (
    SELECT given.*, date_trunc('week', given.at AT TIME ZONE %(zone)s)::date AS week FROM ({given}) AS given
),
place AS MATERIALIZED (
    SELECT answer.id, answer.strategy_id, answer.week, answer.customer_id, answer.actor_id, answer.at,
           product.id AS product_id
      FROM answer CROSS JOIN LATERAL jsonb_array_elements_text(answer.shown) AS entry (sku)
      JOIN catalog_product AS product ON product.sku = entry.sku
),
did AS MATERIALIZED (
    SELECT customer_id, actor_id, product_id, type = 'purchase' AS bought, received_at FROM events_event
     WHERE occurred_at >= %(facts)s AND received_at >= %(since)s AND product_id IS NOT NULL
       AND type IN ('view', 'add_to_cart', 'purchase')
),
-- By when we heard of it, as answers are stored by when we gave them.
came AS MATERIALIZED (
    SELECT place.id, place.product_id, did.bought, did.received_at - place.at AS later
      FROM place JOIN did ON did.customer_id = place.customer_id AND did.product_id = place.product_id
     WHERE did.received_at > place.at
    UNION ALL
    SELECT place.id, place.product_id, did.bought, did.received_at - place.at
      FROM place JOIN did ON did.actor_id = place.actor_id AND did.product_id = place.product_id
     WHERE place.customer_id IS NULL AND did.received_at > place.at
)"""

_WEEKS = """
WITH {answers},
result AS (
    SELECT id, bool_or(NOT bought AND later <= interval '1 day') AS clicked,
           bool_or(bought AND later <= interval '7 days') AS bought
      FROM came GROUP BY id
),
impression AS (
    SELECT strategy_id, week, product_id, count(*) AS n FROM place
     WHERE strategy_id IS NOT NULL GROUP BY 1, 2, 3
),
ranked AS (
    SELECT strategy_id, week, n, row_number() OVER (PARTITION BY strategy_id, week ORDER BY n) AS rank,
           count(*) OVER (PARTITION BY strategy_id, week) AS shown
      FROM impression
),
-- Gini over all products that could be shown, those never shown at the front with nothing.
spread AS (
    SELECT strategy_id, week, max(shown) AS products, sum(n) AS places,
           2.0 * sum((greatest(%(offered)s, shown) - shown + rank) * n)
               / (max(greatest(%(offered)s, shown)) * sum(n))
             - (max(greatest(%(offered)s, shown)) + 1.0) / max(greatest(%(offered)s, shown)) AS gini
      FROM ranked GROUP BY 1, 2
)
INSERT INTO recommendations_strategyweek
    (strategy_id, week, answers, places, fallback, followed, clicked, bought, products, gini)
SELECT answer.strategy_id, answer.week, count(*), coalesce(max(spread.places), 0), sum(answer.fallback),
       count(*) FILTER (WHERE answer.customer_id IS NOT NULL OR answer.actor_id IS NOT NULL),
       count(*) FILTER (WHERE result.clicked), count(*) FILTER (WHERE result.bought),
       coalesce(max(spread.products), 0), coalesce(max(spread.gini), 0)
  FROM answer LEFT JOIN result ON result.id = answer.id
  LEFT JOIN spread ON spread.strategy_id = answer.strategy_id AND spread.week = answer.week
 WHERE answer.strategy_id IS NOT NULL GROUP BY 1, 2
ON CONFLICT (strategy_id, week) DO UPDATE SET
    answers = EXCLUDED.answers, places = EXCLUDED.places, fallback = EXCLUDED.fallback,
    followed = EXCLUDED.followed, clicked = EXCLUDED.clicked, bought = EXCLUDED.bought,
    products = EXCLUDED.products, gini = EXCLUDED.gini
"""

_COLD = """
WITH {answers},
buyer AS (
    SELECT product_id, count(DISTINCT customer_id) AS n FROM events_event
     WHERE type = 'purchase' AND product_id IS NOT NULL AND occurred_at < %(as_of)s GROUP BY 1
),
cold AS MATERIALIZED (
    SELECT product.id, coalesce(buyer.n, 0) AS buyers FROM catalog_product AS product
      LEFT JOIN catalog_category AS category ON category.id = product.category_id
      LEFT JOIN buyer ON buyer.product_id = product.id
     WHERE product.active AND NOT product.is_stub AND (product.stock IS NULL OR product.stock > 0)
       AND coalesce(category.recommendable, true) AND coalesce(buyer.n, 0) < %(few)s
),
listed AS (
    SELECT product_id, jsonb_object_agg(part, n) AS parts, sum(n) AS lists FROM (
        SELECT entry.product_id, split_part(entry.reason, ':', 1) AS part, count(*) AS n
          FROM recommendations_recommendationlist AS list
          CROSS JOIN LATERAL ROWS FROM (unnest(list.product_ids), jsonb_array_elements_text(list.reasons))
               AS entry (product_id, reason)
         WHERE list.model_version_id = ANY(%(versions)s::uuid[]) AND entry.product_id IN (SELECT id FROM cold)
         GROUP BY 1, 2) AS part
     GROUP BY 1
),
beside AS (
    SELECT other AS product_id, count(DISTINCT list.product_id) AS n
      FROM recommendations_productlist AS list CROSS JOIN LATERAL unnest(list.product_ids) AS other
     WHERE list.product_id IS NOT NULL AND list.kind IN ('similar', 'together')
       AND other IN (SELECT id FROM cold) GROUP BY 1
),
shown AS (SELECT product_id, count(*) AS n FROM place GROUP BY 1),
clicked AS (
    SELECT product_id, count(DISTINCT id) AS n FROM came
     WHERE NOT bought AND later <= interval '1 day' GROUP BY 1
)
INSERT INTO recommendations_coldproduct
    (product_id, buyers, lists, parts, beside, shown, clicked, as_of)
SELECT cold.id, cold.buyers, coalesce(listed.lists, 0), coalesce(listed.parts, '{{}}'::jsonb),
       coalesce(beside.n, 0), coalesce(shown.n, 0), coalesce(clicked.n, 0), %(as_of)s
  FROM cold LEFT JOIN listed ON listed.product_id = cold.id LEFT JOIN beside ON beside.product_id = cold.id
  LEFT JOIN shown ON shown.product_id = cold.id LEFT JOIN clicked ON clicked.product_id = cold.id
"""


def weeks() -> str:
    """Return the statement that counts the weeks of each strategy."""
    return _WEEKS.format(answers=_answers())


def cold() -> str:
    """Return the statement that lists cold products with what reaches them."""
    return _COLD.format(answers=_answers())


def _answers() -> str:
    elsewhere = "".join(_ELSEWHERE.format(impressions=shown) for _, shown in impressions)
    return _ANSWERS.format(given=_OVER_REST + elsewhere)


# The oldest first, a block a transaction: readers and writers of newer answers are not held up.
FORGET = """
DELETE FROM recommendations_decision WHERE id IN (
    SELECT id FROM recommendations_decision WHERE at < %s ORDER BY at LIMIT %s FOR UPDATE SKIP LOCKED)
"""
