"""When a promotion applies. All conditions of a promotion must hold; each says why it does not.

The vocabulary, one object each; amounts are texts, or objects by currency:
`{"kind": "basket_amount", "min": "50.00", "max": {"USD": "200.00", "EUR": "180.00"}}`,
`{"kind": "basket_quantity", "min": 3}`,
`{"kind": "products" | "categories" | "brands" | "shelves", "any": […], "min_quantity": 2}` (or `min_amount`),
`{"kind": "channel", "any": ["app"]}`,
`{"kind": "segment", "any": ["slug"]}`, `{"kind": "persona", "any": [3]}`,
`{"kind": "first_order"}`, `{"kind": "orders", "min": 2, "max": 5}`,
`{"kind": "attribute", "name": "city", "any": ["Paris"]}` (or `min` and `max`),
`{"kind": "tier", "any": ["gold"]}`, `{"kind": "points", "min": "500"}`,
`{"kind": "time_window", "from": …, "until": …, "weekdays": [1, …, 7], "hours": [8, 20]}` (the shop's zone),
`{"kind": "holiday", "market": "CN", "days_before": 3}`.
"""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from campaigns.promotions.vocabulary import RuleInvalid, pick

from .base import Condition
from .basket import BasketAmount, BasketQuantity, Contains, OnChannel
from .calendar import OnHoliday, TimeWindow
from .shopper import FirstOrder, HasAttribute, InSegment, OfPersona, OrderCount

__all__ = ["KINDS", "Condition", "parse_conditions"]

KINDS: dict[str, Callable[[dict[str, Any], str], Condition]] = {
    "basket_amount": BasketAmount.parse,
    "basket_quantity": BasketQuantity.parse,
    "products": Contains.parser("products"),
    "categories": Contains.parser("categories"),
    "brands": Contains.parser("brands"),
    "shelves": Contains.parser("shelves"),
    "channel": OnChannel.parse,
    "segment": InSegment.parse,
    "persona": OfPersona.parse,
    "first_order": FirstOrder.parse,
    "orders": OrderCount.parse,
    "attribute": HasAttribute.parse,
    "tier": HasAttribute.parse_tier,
    "points": HasAttribute.parse_points,
    "time_window": TimeWindow.parse,
    "holiday": OnHoliday.parse,
}
MOST_CONDITIONS = 20


def parse_conditions(value: Any) -> tuple[Condition, ...]:
    """Build a promotion's conditions from its JSON. Raises RuleInvalid."""
    if not isinstance(value, list) or len(value) > MOST_CONDITIONS:
        raise RuleInvalid(
            "conditions", _("Write a list of at most %(count)d conditions.") % {"count": MOST_CONDITIONS}
        )
    return tuple(pick(rule, f"conditions.{i}", KINDS) for i, rule in enumerate(value))
