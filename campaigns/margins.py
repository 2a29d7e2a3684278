"""What margin the shop makes, from what its products cost: of all its sales, and of promotions' orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

#: Days of sales that tell the shop's margin.
DAYS = 90
#: Of less than this share of what was sold a margin would be a guess.
ENOUGH = Decimal("0.2")


@dataclass(frozen=True, slots=True)
class Margin:
    """A margin before discounts as a share of the price, and of which share of the sales it is known."""

    share: Decimal
    covered: Decimal


def of_shop(*, until: datetime, days: int = DAYS) -> Margin | None:
    """Return the margin of the last days' sales; None where too few products have a cost.

    One statement over these days' purchases: a million lines take about a second.
    """
    asked = {"since": until - timedelta(days=days), "until": until, "currency": settings.SHOP_CURRENCY}
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM catalog_product WHERE cost IS NOT NULL)")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute(_SHOP, asked)
        return _margin(*cursor.fetchone())


def of_promotions(promotion_ids: Sequence[UUID]) -> dict[UUID, Margin]:
    """Return by promotion the margin of the goods on the orders that used it, where it is known.

    Goods are found as purchases of the order's customer. One statement, an index look-up for each order.
    """
    asked: dict[str, Any] = {"promotions": list(promotion_ids), "currency": settings.SHOP_CURRENCY}
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM catalog_product WHERE cost IS NOT NULL)")
        if not cursor.fetchone()[0]:
            return {}
        cursor.execute(_PROMOTIONS, asked)
        found = {pk: _margin(*sums) for pk, *sums in cursor.fetchall()}
    return {pk: margin for pk, margin in found.items() if margin is not None}


def _margin(cost: Decimal | None, covered: Decimal | None, all_sales: Decimal | None) -> Margin | None:
    if not covered or not all_sales or cost is None or covered / all_sales < ENOUGH:
        return None
    return Margin((1 - cost / covered).quantize(Decimal("0.0001")), covered / all_sales)


# Prices before discounts, in the shop's currency; goods without a quantity say nothing of their cost.
_SUMS = """
    sum(p.cost * e.quantity) FILTER (WHERE p.cost IS NOT NULL AND p.cost_currency = %(currency)s),
    sum(e.amount + greatest(coalesce(e.discount, 0), 0))
        FILTER (WHERE p.cost IS NOT NULL AND p.cost_currency = %(currency)s),
    sum(e.amount + greatest(coalesce(e.discount, 0), 0))
"""
_SHOP = f"""
SELECT {_SUMS}
FROM events_event e JOIN catalog_product p ON p.id = e.product_id
WHERE e.type = 'purchase' AND e.quantity > 0 AND e.amount > 0
  AND e.occurred_at >= %(since)s AND e.occurred_at < %(until)s
"""  # noqa: S608
_PROMOTIONS = f"""
WITH used AS (
    SELECT DISTINCT l.promotion_id, r.customer_id, r.order_id
    FROM coupons_redemption r JOIN coupons_coupon c ON c.id = r.coupon_id
    JOIN coupons_couponpool l ON l.id = c.pool_id
    WHERE r.rolled_back_at IS NULL AND r.customer_id IS NOT NULL AND l.promotion_id = ANY(%(promotions)s)
    UNION
    SELECT u.promotion_id, o.customer_id, o.order_id
    FROM promotions_promotionuse u JOIN promotions_promotedorder o ON o.id = u.order_id
    WHERE o.state = 'redeemed' AND o.customer_id IS NOT NULL AND u.promotion_id = ANY(%(promotions)s)
)
SELECT used.promotion_id, {_SUMS}
FROM used
JOIN events_event e ON e.customer_id = used.customer_id AND e.order_id = used.order_id
JOIN catalog_product p ON p.id = e.product_id
WHERE e.type = 'purchase' AND e.quantity > 0 AND e.amount > 0
GROUP BY 1
"""  # noqa: S608
