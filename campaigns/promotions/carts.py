"""What a promotion is judged on: the cart, who holds it, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from core.money import round_money

from .vocabulary import RuleInvalid, decimal

#: A cart of 500 lines against 200 promotions stays within a second.
LARGEST_CART = 500
LARGEST_QUANTITY = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `quantity` units of a product at a unit `price`, with what the catalogue knows of it."""

    sku: str
    quantity: Decimal
    price: Decimal
    category: str = ""
    brand: str = ""


@dataclass(frozen=True)
class Cart:
    """Lines in one currency. Its sums are worked out once, since every promotion asks for them."""

    lines: tuple[Line, ...]
    currency: str

    @cached_property
    def amounts(self) -> tuple[Decimal, ...]:
        """Return quantity × price per line before any discount, rounded half up."""
        return tuple(round_money(line.quantity * line.price, self.currency) for line in self.lines)

    @cached_property
    def amount(self) -> Decimal:
        """Return the sum of the lines."""
        return sum(self.amounts, Decimal(0))

    @cached_property
    def quantity(self) -> Decimal:
        """Return the number of units."""
        return sum((line.quantity for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who holds the cart. `orders` is None for a stranger; `segments` are the slugs he or she is in."""

    customer_id: int | None = None
    orders: int | None = None
    segments: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a condition may look at."""

    cart: Cart
    shopper: Shopper
    now: datetime


def parse_cart(lines: Any, currency: str, known: Mapping[str, tuple[str, str]]) -> Cart:
    """Build a cart from the partner's JSON lines `{"sku", "quantity", "price"}`.

    `known` gives (category path, brand) by sku; other products count without them. Raises RuleInvalid
    for amounts that are not money: negative, not finite, too large, more than four decimals.
    """
    if not isinstance(lines, list) or len(lines) > LARGEST_CART:
        raise RuleInvalid("lines", _("Send a list of at most %(count)d lines.") % {"count": LARGEST_CART})
    return Cart(tuple(_line(line, f"lines.{i}", known) for i, line in enumerate(lines)), currency)


def _line(line: Mapping[str, Any], path: str, known: Mapping[str, tuple[str, str]]) -> Line:
    quantity = decimal(line["quantity"], f"{path}.quantity", above=Decimal(0), places=3)
    if quantity > LARGEST_QUANTITY:
        raise RuleInvalid(f"{path}.quantity", _("At most %(count)d units.") % {"count": LARGEST_QUANTITY})
    category, brand = known.get(line["sku"], ("", ""))
    return Line(line["sku"], quantity, decimal(line["price"], f"{path}.price", places=4), category, brand)
