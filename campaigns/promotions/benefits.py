"""What a promotion gives.

The vocabulary; `on` narrows to products, categories or brands and may be left out:
`{"kind": "percent", "percent": "10", "most": "20.00", "on": {…}}`, `{"kind": "amount", "amount": "5.00"}`,
`{"kind": "fixed_price", "price": "1.00"}`, `{"kind": "cheapest_free", "every": 3}`,
`{"kind": "free_shipping"}`.

Every discount counts from the price before any discount. A percentage is rounded half up on each line;
an amount is shared in proportion to the lines, each share rounded half up, the remainder on the last
line that has room.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Protocol

from django.utils.translation import gettext as _

from core.money import round_money

from .carts import Cart
from .selections import EVERYTHING, Selection
from .vocabulary import RuleInvalid, decimal, only, pick, whole


class Benefit(Protocol):
    """What is given when the conditions hold."""

    @property
    def free_shipping(self) -> bool:
        """Say whether shipping costs nothing."""

    def discounts(self, cart: Cart) -> list[Decimal]:
        """Return the discount per line: at least 0, at most the line's amount, in whole minor units."""

    def sentence(self, currency: str) -> str:
        """Say what is given, for the receipt."""


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of the price, at most so much in all."""

    percent: Decimal
    most: Decimal | None
    on: Selection
    free_shipping: bool = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "Percent":
        """Read `percent` in (0, 100], `most` and `on`."""
        only(members, path, required=("percent",), optional=("most", "on"))
        percent = decimal(members["percent"], f"{path}.percent", above=Decimal(0))
        if percent > 100:
            raise RuleInvalid(f"{path}.percent", _("At most 100."))
        most = decimal(members["most"], f"{path}.most", above=Decimal(0)) if "most" in members else None
        return cls(percent, most, _on(members, path))

    def discounts(self, cart: Cart) -> list[Decimal]:
        """Take the share of each line; above `most`, share that amount instead."""
        amounts, at = cart.amounts, self.on.of(cart)
        given = [Decimal(0)] * len(amounts)
        for i in at:
            given[i] = round_money(amounts[i] * self.percent / 100, cart.currency)
        if self.most is not None and sum(given, Decimal(0)) > self.most:
            return share(self.most, amounts, at, cart.currency)
        return given

    def sentence(self, currency: str) -> str:
        """Say the percentage."""
        return _("%(percent)s%% off") % {"percent": f"{self.percent:f}"}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount off the lines that are meant, never more than they cost."""

    amount: Decimal
    on: Selection
    free_shipping: bool = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "Amount":
        """Read `amount` and `on`."""
        only(members, path, required=("amount",), optional=("on",))
        return cls(decimal(members["amount"], f"{path}.amount", above=Decimal(0)), _on(members, path))

    def discounts(self, cart: Cart) -> list[Decimal]:
        """Share the amount in proportion."""
        return share(self.amount, cart.amounts, self.on.of(cart), cart.currency)

    def sentence(self, currency: str) -> str:
        """Say the amount."""
        return _("%(amount)s %(currency)s off") % {"amount": self.amount, "currency": currency}


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """Each unit of the lines that are meant costs so much; a lower price stays."""

    price: Decimal
    on: Selection
    free_shipping: bool = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "FixedPrice":
        """Read `price` and `on`."""
        only(members, path, required=("price", "on"))
        return cls(decimal(members["price"], f"{path}.price"), _on(members, path))

    def discounts(self, cart: Cart) -> list[Decimal]:
        """Take the difference between the line's amount and its amount at the fixed price."""
        amounts = cart.amounts
        given = [Decimal(0)] * len(amounts)
        for i in self.on.of(cart):
            new = round_money(cart.lines[i].quantity * self.price, cart.currency)
            given[i] = max(Decimal(0), amounts[i] - new)
        return given

    def sentence(self, currency: str) -> str:
        """Say the price."""
        return _("%(price)s %(currency)s each") % {"price": self.price, "currency": currency}


@dataclass(frozen=True, slots=True)
class CheapestFree:
    """Of every so many whole units that are meant, the cheapest ones are free.

    With nine units and `every` 3 the three cheapest are free. Goods by weight count in whole units.
    """

    every: int
    on: Selection
    free_shipping: bool = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "CheapestFree":
        """Read `every` (2 or more) and `on`."""
        only(members, path, required=("every",), optional=("on",))
        return cls(whole(members["every"], f"{path}.every", least=2, most=1000), _on(members, path))

    def discounts(self, cart: Cart) -> list[Decimal]:
        """Walk from the cheapest unit up; equal prices go by their place in the cart."""
        at, amounts = self.on.of(cart), cart.amounts
        units = {i: int(cart.lines[i].quantity.to_integral_value(ROUND_FLOOR)) for i in at}
        free = sum(units.values()) // self.every
        given = [Decimal(0)] * len(cart.lines)
        for i in sorted(at, key=lambda i: (cart.lines[i].price, i)):
            taken = min(free, units[i])
            given[i] = min(round_money(taken * cart.lines[i].price, cart.currency), amounts[i])
            free -= taken
        return given

    def sentence(self, currency: str) -> str:
        """Say how many are paid."""
        return _("The cheapest of every %(every)d is free") % {"every": self.every}


@dataclass(frozen=True, slots=True)
class FreeShipping:
    """Shipping costs nothing; the cart's lines stay as they are."""

    free_shipping: bool = True

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "FreeShipping":
        """Read nothing."""
        only(members, path)
        return cls()

    def discounts(self, cart: Cart) -> list[Decimal]:
        """Give nothing on the lines."""
        return [Decimal(0)] * len(cart.lines)

    def sentence(self, currency: str) -> str:
        """Say it."""
        return _("Free shipping")


def share(amount: Decimal, amounts: Sequence[Decimal], at: Sequence[int], currency: str) -> list[Decimal]:
    """Share an amount over the lines `at` in proportion to their amounts.

    Shares are rounded half up; what rounding leaves goes to the last line, and from there backwards
    where it has no room. The shares sum to the amount or to all the lines cost, whichever is less.
    """
    given = [Decimal(0)] * len(amounts)
    whole_amount = sum((amounts[i] for i in at), Decimal(0))
    amount = min(round_money(amount, currency), whole_amount)
    left = amount
    for i in at[:-1]:
        given[i] = (
            min(round_money(amount * amounts[i] / whole_amount, currency), left) if left else Decimal(0)
        )
        left -= given[i]
    for i in reversed(at):
        more = min(left, amounts[i] - given[i])
        given[i] += more
        left -= more
    return given


def _on(members: dict[str, Any], path: str) -> Selection:
    return Selection.parse(members["on"], f"{path}.on") if "on" in members else EVERYTHING


KINDS: dict[str, Callable[[dict[str, Any], str], Benefit]] = {
    "percent": Percent.parse,
    "amount": Amount.parse,
    "fixed_price": FixedPrice.parse,
    "cheapest_free": CheapestFree.parse,
    "free_shipping": FreeShipping.parse,
}


def parse_benefit(value: Any) -> Benefit:
    """Build a promotion's benefit from its JSON. Raises RuleInvalid."""
    return pick(value, "benefit", KINDS)
