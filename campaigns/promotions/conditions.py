"""When a promotion applies. All conditions of a promotion must hold; each says why it does not.

The vocabulary, one object each:
`{"kind": "basket_amount", "min": "50.00", "max": "200.00"}`,
`{"kind": "basket_quantity", "min": 3}`,
`{"kind": "products" | "categories" | "brands", "any": […], "min_quantity": 2, "min_amount": "10.00"}`,
`{"kind": "segment", "any": ["slug"]}`, `{"kind": "first_order"}`,
`{"kind": "time_window", "from": …, "until": …, "weekdays": [1, …, 7], "hours": [8, 20]}` (the shop's zone).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import gettext as _

from core.clock import shop_zone

from .carts import Situation
from .selections import Selection
from .vocabulary import RuleInvalid, decimal, moment, only, pick, texts, whole


class Condition(Protocol):
    """One thing that must hold."""

    def missing(self, situation: Situation) -> str | None:
        """Return a sentence saying what is missing, or None when the condition holds."""


@dataclass(frozen=True, slots=True)
class BasketAmount:
    """The cart's sum before discounts lies within bounds."""

    least: Decimal | None
    most: Decimal | None

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "BasketAmount":
        """Read `min` and `max`; one of them is needed."""
        only(members, path, optional=("min", "max"))
        least, most = (
            decimal(members[name], f"{path}.{name}") if name in members else None for name in ("min", "max")
        )
        if least is None and most is None:
            raise RuleInvalid(path, _("Give “min”, “max” or both."))
        if least is not None and most is not None and least > most:
            raise RuleInvalid(path, _("“min” must not be above “max”."))
        return cls(least, most)

    def missing(self, situation: Situation) -> str | None:
        """Compare with the cart."""
        amount, currency = situation.cart.amount, situation.cart.currency
        if self.least is not None and amount < self.least:
            lack = self.least - amount
            return _("The cart is %(lack)s %(currency)s short.") % {"lack": lack, "currency": currency}
        if self.most is not None and amount > self.most:
            return _("The cart is above %(most)s %(currency)s.") % {"most": self.most, "currency": currency}
        return None


@dataclass(frozen=True, slots=True)
class BasketQuantity:
    """The cart holds at least so many units."""

    least: int

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "BasketQuantity":
        """Read `min`."""
        only(members, path, required=("min",))
        return cls(whole(members["min"], f"{path}.min"))

    def missing(self, situation: Situation) -> str | None:
        """Count the units."""
        if situation.cart.quantity >= self.least:
            return None
        return _("The cart needs at least %(least)d units.") % {"least": self.least}


@dataclass(frozen=True, slots=True)
class Contains:
    """The cart holds enough of some products, categories or brands."""

    selection: Selection
    least_quantity: int
    least_amount: Decimal

    @classmethod
    def parser(cls, member: str) -> Callable[[dict[str, Any], str], "Contains"]:
        """Return the parser for conditions about `products`, `categories` or `brands`."""

        def parse(members: dict[str, Any], path: str) -> Contains:
            only(members, path, required=("any",), optional=("min_quantity", "min_amount"))
            return cls(
                Selection(**{member: texts(members["any"], f"{path}.any")}),
                whole(members.get("min_quantity", 1), f"{path}.min_quantity"),
                decimal(members.get("min_amount", 0), f"{path}.min_amount"),
            )

        return parse

    def missing(self, situation: Situation) -> str | None:
        """Count units and sum of the lines that are meant."""
        cart = situation.cart
        at = self.selection.of(cart)
        # Any positive weight of goods sold by weight counts as being there.
        quantity = sum((cart.lines[i].quantity for i in at), Decimal(0))
        if not at or (self.least_quantity > 1 and quantity < self.least_quantity):
            return _("The cart needs at least %(least)d of the products of this offer.") % {
                "least": self.least_quantity
            }
        amounts = cart.amounts
        if sum((amounts[i] for i in at), Decimal(0)) < self.least_amount:
            return _("The products of this offer must sum to %(least)s %(currency)s.") % {
                "least": self.least_amount,
                "currency": cart.currency,
            }
        return None


@dataclass(frozen=True, slots=True)
class InSegment:
    """The shopper is in one of the segments."""

    slugs: frozenset[str]

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "InSegment":
        """Read `any`, a list of segments' short names."""
        only(members, path, required=("any",))
        return cls(texts(members["any"], f"{path}.any"))

    def missing(self, situation: Situation) -> str | None:
        """Look whether the shopper is in one of them."""
        if self.slugs & situation.shopper.segments:
            return None
        return _("This offer is for another group of customers.")


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """The shopper is known and has not bought yet."""

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "FirstOrder":
        """Read nothing."""
        only(members, path)
        return cls()

    def missing(self, situation: Situation) -> str | None:
        """Look at the number of earlier orders."""
        if situation.shopper.orders is None:
            return _("This offer is for a customer's first order; say who the customer is.")
        return None if situation.shopper.orders == 0 else _("This offer is for a first order.")


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """The shop's clock is within a period, on these weekdays (1 is Monday), between these hours."""

    start: datetime | None
    end: datetime | None
    weekdays: frozenset[int]
    hours: tuple[int, int] | None

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "TimeWindow":
        """Read `from`, `until`, `weekdays` and `hours` (from inclusive, until exclusive)."""
        only(members, path, optional=("from", "until", "weekdays", "hours"))
        if not members:
            raise RuleInvalid(path, _("Give “from”, “until”, “weekdays” or “hours”."))
        start, end = (
            moment(members[name], f"{path}.{name}") if name in members else None for name in ("from", "until")
        )
        if start and end and start >= end:
            raise RuleInvalid(path, _("“from” must lie before “until”."))
        days = members.get("weekdays", [])
        if not isinstance(days, list) or ("weekdays" in members and not days):
            raise RuleInvalid(f"{path}.weekdays", _("Write a list with at least one entry."))
        weekdays = frozenset(whole(day, f"{path}.weekdays", most=7) for day in days)
        hours = members.get("hours")
        if hours is not None:
            if not isinstance(hours, list) or len(hours) != 2:
                raise RuleInvalid(f"{path}.hours", _("Write two hours, as [8, 20]."))
            first, last = (whole(hour, f"{path}.hours", least=0, most=24) for hour in hours)
            if first >= last:
                raise RuleInvalid(f"{path}.hours", _("The first hour must lie before the second."))
            hours = (first, last)
        return cls(start, end, weekdays, hours)

    def missing(self, situation: Situation) -> str | None:
        """Compare with the shop's local time."""
        if self.start and situation.now < self.start:
            return _("This offer has not begun.")
        if self.end and situation.now >= self.end:
            return _("This offer is over.")
        local = situation.now.astimezone(shop_zone())
        if self.weekdays and local.isoweekday() not in self.weekdays:
            return _("This offer does not hold on this day of the week.")
        if self.hours and not self.hours[0] <= local.hour < self.hours[1]:
            return _("This offer does not hold at this hour.")
        return None


KINDS: dict[str, Callable[[dict[str, Any], str], Condition]] = {
    "basket_amount": BasketAmount.parse,
    "basket_quantity": BasketQuantity.parse,
    "products": Contains.parser("products"),
    "categories": Contains.parser("categories"),
    "brands": Contains.parser("brands"),
    "segment": InSegment.parse,
    "first_order": FirstOrder.parse,
    "time_window": TimeWindow.parse,
}
MOST_CONDITIONS = 20


def parse_conditions(value: Any) -> tuple[Condition, ...]:
    """Build a promotion's conditions from its JSON. Raises RuleInvalid."""
    if not isinstance(value, list) or len(value) > MOST_CONDITIONS:
        raise RuleInvalid(
            "conditions", _("Write a list of at most %(count)d conditions.") % {"count": MOST_CONDITIONS}
        )
    return tuple(pick(rule, f"conditions.{i}", KINDS) for i, rule in enumerate(value))
