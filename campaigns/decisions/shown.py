"""What messages showed to somebody."""

from datetime import datetime

import polars as pl

from core.copy import copy_to_frame
from delivery.models import Message, MessageState
from recommendations.registries import SHOWN

# What a message showed with the chance of the decision behind it: 1 where nothing was chosen. Answers on the
# shop's pages hold what they showed themselves.
_SHOWN = """
SELECT m.customer_id::text AS user_id, product.id::text AS item_id,
       extract(epoch FROM m.sent_at)::float8 AS timestamp, coalesce(d.propensity, 1)::float8 AS propensity
  FROM delivery_message m
  JOIN customers_customer c ON c.id = m.customer_id AND NOT c.no_profiling
 CROSS JOIN LATERAL jsonb_array_elements_text(m.context->'products') AS shown (sku)
  JOIN catalog_product product ON product.sku = shown.sku
  LEFT JOIN recommendations_decision d
    ON d.customer_id = m.customer_id AND d.context->>'run' = m.run_id::text AND d.at >= %(since)s
 WHERE m.state = 'sent' AND m.sent_at >= %(since)s AND m.sent_at < %(before)s
   AND jsonb_typeof(m.context->'products') = 'array'
UNION ALL
SELECT d.customer_id::text, product.id::text, extract(epoch FROM d.at)::float8, d.propensity
  FROM recommendations_decision d
  JOIN customers_customer c ON c.id = d.customer_id AND NOT c.no_profiling
 CROSS JOIN LATERAL jsonb_array_elements_text(d.action->'shown') AS shown (sku)
  JOIN catalog_product product ON product.sku = shown.sku
 WHERE d.at >= %(since)s AND d.at < %(before)s AND jsonb_typeof(d.action->'shown') = 'array'
"""

# The same for recommendations.quality, by whose list it was: a message says `by` whom it is. Those of before
# do not, but for the arms of a test.
IMPRESSIONS = """
SELECT 'message:' || m.id AS id, m.customer_id, m.sent_at AS at, strategy.id AS strategy_id,
       m.context->'products' AS shown, coalesce((m.context->>'filled')::int, 0) AS fallback
  FROM delivery_message AS m
  JOIN recommendations_strategy AS strategy
    ON strategy.key = coalesce(m.context->>'by', m.context->>'strategy')
 WHERE m.state = 'sent' AND m.sent_at >= %(since)s AND m.sent_at < %(until)s
   AND jsonb_typeof(m.context->'products') = 'array' AND m.context->'products' <> '[]'
"""


def shown_since(customer_id: int, since: datetime) -> set[str]:
    """Return the skus that messages sent since a moment showed to a customer. One query by index."""
    sent = Message.objects.filter(customer_id=customer_id, state=MessageState.SENT, sent_at__gte=since)
    return {
        str(sku) for context in sent.values_list("context", flat=True) for sku in context.get("products", ())
    }


def shown_rows(since: datetime, before: datetime) -> pl.DataFrame:
    """Return what messages and answers showed, one row a product, with the chance that it was chosen by.

    One query by COPY. Who refuses to be profiled is left out.
    """
    return copy_to_frame(_SHOWN, {"since": since, "before": before}, schema=dict(SHOWN))
