"""What a promotion is judged on: the cart, who holds it, and when."""

from collections.abc import Iterable, Mapping, Sequence
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

#: Positions of lines by a name.
Places = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `quantity` units of a product at a unit `price`, with what the catalogue knows of it.

    `shelf` is the shop's own word for where it stands: a department, or the seller on a market place.
    """

    sku: str
    quantity: Decimal
    price: Decimal
    category: str = ""
    brand: str = ""
    shelf: str = ""


@dataclass(frozen=True)
class Cart:
    """Lines in one currency. Its sums are worked out once, since every promotion asks for them.

    `prices` says whether the shop states them with tax (`gross`) or without (`net`); taxes are not
    worked out here.
    """

    lines: tuple[Line, ...]
    currency: str
    prices: str = "gross"

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

    @cached_property
    def products(self) -> Places:
        """Return on which lines each product stands."""
        return _places([line.sku] for line in self.lines)

    @cached_property
    def categories(self) -> Places:
        """Return on which lines each category stands: a product's own, and all above it."""
        return _places(_upwards(line.category) for line in self.lines)

    @cached_property
    def brands(self) -> Places:
        """Return on which lines each brand stands."""
        return _places([line.brand] for line in self.lines)

    @cached_property
    def shelves(self) -> Places:
        """Return on which lines each shelf stands."""
        return _places([line.shelf] for line in self.lines)


def _places(names: Iterable[Iterable[str]]) -> Places:
    places: Places = {}
    for i, line in enumerate(names):
        for name in line:
            places.setdefault(name, []).append(i)
    return places


def _upwards(path: str) -> list[str]:
    """Return a category's path and those above it: a/b/c, a/b, a."""
    return [path, *(path[:i] for i, sign in enumerate(path) if sign == "/")]


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who holds the cart. Each is None or empty where nobody asked for it, or for a stranger.

    `orders` counts earlier ones; `segments` are slugs; `persona` is its number; `deposits` says of how
    many units a promotion's deposit was paid, by its short name.
    """

    customer_id: int | None = None
    orders: int | None = None
    segments: frozenset[str] = field(default_factory=frozenset)
    persona: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    deposits: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a condition may look at. `channel` is where the order is placed, as `app`."""

    cart: Cart
    shopper: Shopper
    now: datetime
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What is being paid: the shop's order number and its lines in one currency.

    Lines are `{"sku", "quantity", "price"}`, with a `shelf` where the shop has some; `channel` is where
    the order is placed, `prices` whether they are `gross` or `net`.
    """

    id: str
    lines: Sequence[Mapping[str, Any]]
    currency: str
    channel: str = ""
    prices: str = "gross"


def parse_cart(
    lines: Any, currency: str, known: Mapping[str, tuple[str, str]], *, prices: str = "gross"
) -> Cart:
    """Build a cart from the partner's JSON lines `{"sku", "quantity", "price", "shelf"}`.

    `known` gives (category path, brand) by sku; other products count without them. Raises RuleInvalid
    for amounts that are not money: negative, not finite, too large, more than four decimals.
    """
    if not isinstance(lines, list) or len(lines) > LARGEST_CART:
        raise RuleInvalid("lines", _("Send a list of at most %(count)d lines.") % {"count": LARGEST_CART})
    return Cart(tuple(_line(line, f"lines.{i}", known) for i, line in enumerate(lines)), currency, prices)


def _line(line: Mapping[str, Any], path: str, known: Mapping[str, tuple[str, str]]) -> Line:
    quantity = decimal(line["quantity"], f"{path}.quantity", above=Decimal(0), places=3)
    if quantity > LARGEST_QUANTITY:
        raise RuleInvalid(f"{path}.quantity", _("At most %(count)d units.") % {"count": LARGEST_QUANTITY})
    category, brand = known.get(line["sku"], ("", ""))
    price = decimal(line["price"], f"{path}.price", places=4)
    return Line(line["sku"], quantity, price, category, brand, line.get("shelf", ""))
