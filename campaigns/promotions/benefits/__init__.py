"""What a promotion gives.

The vocabulary; `on` narrows to products, categories, brands or shelves and may be left out; amounts are
texts, or objects by currency:
`{"kind": "percent", "percent": "10", "most": "20.00", "on": {…}}`, `{"kind": "amount", "amount": "5.00"}`,
`{"kind": "fixed_price", "price": "1.00", "on": {…}}`, `{"kind": "cheapest_free", "every": 3}`,
`{"kind": "buy_get", "buy": 2, "get": 1, "percent": "50", "on": {…}, "get_on": {…}, "times": 3}`,
`{"kind": "bundle", "items": [{"products": ["a"], "quantity": 2}, …], "price": "20.00"}` (or `percent`),
`{"kind": "spend_save", "tiers": [{"spend": "100", "save": "15"}, {"spend": "200", "percent": "20"}]}`,
`{"kind": "spend_save", "every": {"spend": "300", "save": "50"}, "times": 3, "per_shelf": true}`,
`{"kind": "free_shipping"}`, `{"kind": "gift", "sku": "mug"}`, `{"kind": "points", "multiply": "2"}` (or
`add`), `{"kind": "deposit", "deposit": "50", "worth": "100", "pay": {"from", "until"}, "balance": {…}}`.

Every discount counts from the price before any discount. A percentage is rounded half up on each line;
an amount is shared in proportion to the lines by largest remainder, the earlier line first.
"""

from collections.abc import Callable
from typing import Any

from campaigns.promotions.vocabulary import pick

from .base import Benefit, Deposit, Discounts, Gain, Gift, Points, share
from .extras import DepositBalance, FreeShipping, GiftProduct, MorePoints
from .prices import Amount, FixedPrice, Percent
from .tiers import SpendSave
from .units import Bundle, BuyGet, CheapestFree

__all__ = ["KINDS", "Benefit", "Deposit", "Discounts", "Gain", "Gift", "Points", "parse_benefit", "share"]

KINDS: dict[str, Callable[[dict[str, Any], str], Benefit]] = {
    "percent": Percent.parse,
    "amount": Amount.parse,
    "fixed_price": FixedPrice.parse,
    "cheapest_free": CheapestFree.parse,
    "buy_get": BuyGet.parse,
    "bundle": Bundle.parse,
    "spend_save": SpendSave.parse,
    "free_shipping": FreeShipping.parse,
    "gift": GiftProduct.parse,
    "points": MorePoints.parse,
    "deposit": DepositBalance.parse,
}


def parse_benefit(value: Any) -> Benefit:
    """Build a promotion's benefit from its JSON. Raises RuleInvalid."""
    return pick(value, "benefit", KINDS)
