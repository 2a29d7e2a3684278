"""Carts and offers in a few words."""

from datetime import UTC, datetime
from decimal import Decimal

from campaigns.promotions.applicator import Offer, apply
from campaigns.promotions.benefits import parse_benefit
from campaigns.promotions.carts import Cart, Line, Shopper, Situation
from campaigns.promotions.conditions import parse_conditions

NOW = datetime(2017, 11, 6, 10, tzinfo=UTC)  # a Monday
D = Decimal
STRANGER = Shopper()


def cart(*lines: tuple[str, ...], currency: str = "USD", prices: str = "gross") -> Cart:
    """Return a cart of (sku, quantity, price) or (sku, quantity, price, shelf)."""
    return Cart(
        tuple(Line(sku, D(q), D(p), shelf=shelf[0] if shelf else "") for sku, q, p, *shelf in lines),
        currency,
        prices,
    )


def offer(
    slug: str, benefit: dict, *conditions: dict, stacking: str = "common", priority: int = 0, **more
) -> Offer:
    """Return an offer in dollars."""
    return Offer(
        slug, parse_conditions(list(conditions)), parse_benefit(benefit), stacking, priority, "USD", **more
    )


def evaluate(a_cart: Cart, *offers: Offer, shopper: Shopper = STRANGER, now=NOW, channel=""):
    """Return what the offers give."""
    return apply(offers, Situation(a_cart, shopper, now, channel))


def amounts(result) -> list[dict[str, Decimal]]:
    """Return the discounts of each line by promotion."""
    return [{d.promotion: d.amount for d in line} for line in result.discounts]
