"""Conditions about what is in the cart."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from campaigns.promotions.carts import Situation
from campaigns.promotions.selections import Selection
from campaigns.promotions.vocabulary import Amounts, RuleInvalid, only, texts, whole

from .base import NOTHING


@dataclass(frozen=True, slots=True)
class BasketAmount:
    """The cart's sum before discounts lies within bounds."""

    least: Amounts | None
    most: Amounts | None
    needs: ClassVar[frozenset[str]] = NOTHING
    on_cart: ClassVar[bool] = True

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "BasketAmount":
        """Read `min` and `max`; one of them is needed."""
        only(members, path, optional=("min", "max"))
        least, most = (
            Amounts.parse(members[name], f"{path}.{name}") if name in members else None
            for name in ("min", "max")
        )
        if least is None and most is None:
            raise RuleInvalid(path, _("Give “min”, “max” or both."))
        if least is not None and most is not None:
            if least.by_currency.keys() != most.by_currency.keys():
                raise RuleInvalid(path, _("Give “min” and “max” in the same currencies."))
            for currency in least.by_currency or [""]:
                if least.of(currency) > most.of(currency):
                    raise RuleInvalid(path, _("“min” must not be above “max”."))
        return cls(least, most)

    def missing(self, situation: Situation) -> str | None:
        """Compare with the cart."""
        amount, currency = situation.cart.amount, situation.cart.currency
        if self.least is not None and amount < self.least.of(currency):
            lack = self.least.of(currency) - amount
            return _("The cart is %(lack)s %(currency)s short.") % {"lack": lack, "currency": currency}
        if self.most is not None and amount > self.most.of(currency):
            return _("The cart is above %(most)s %(currency)s.") % {
                "most": self.most.of(currency),
                "currency": currency,
            }
        return None


@dataclass(frozen=True, slots=True)
class BasketQuantity:
    """The cart holds at least so many units."""

    least: int
    needs: ClassVar[frozenset[str]] = NOTHING
    on_cart: ClassVar[bool] = True

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
    """The cart holds enough of some products, categories, brands or shelves."""

    selection: Selection
    least_quantity: int
    least_amount: Amounts
    needs: ClassVar[frozenset[str]] = NOTHING
    on_cart: ClassVar[bool] = True

    @classmethod
    def parser(cls, member: str) -> Callable[[dict[str, Any], str], "Contains"]:
        """Return the parser for conditions about `products`, `categories`, `brands` or `shelves`."""

        def parse(members: dict[str, Any], path: str) -> Contains:
            only(members, path, required=("any",), optional=("min_quantity", "min_amount"))
            return cls(
                Selection(**{member: texts(members["any"], f"{path}.any")}),
                whole(members.get("min_quantity", 1), f"{path}.min_quantity"),
                Amounts.parse(members["min_amount"], f"{path}.min_amount")
                if "min_amount" in members
                else Amounts.zero(),
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
        least = self.least_amount.of(cart.currency)
        if sum((cart.amounts[i] for i in at), Decimal(0)) < least:
            return _("The products of this offer must sum to %(least)s %(currency)s.") % {
                "least": least,
                "currency": cart.currency,
            }
        return None


@dataclass(frozen=True, slots=True)
class OnChannel:
    """The order is placed where the offer holds: in the app, in a shop, on the web."""

    names: frozenset[str]
    needs: ClassVar[frozenset[str]] = NOTHING
    on_cart: ClassVar[bool] = False

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "OnChannel":
        """Read `any`, a list of channels as the shop calls them."""
        only(members, path, required=("any",))
        return cls(texts(members["any"], f"{path}.any"))

    def missing(self, situation: Situation) -> str | None:
        """Compare with where the order is placed."""
        if situation.channel in self.names:
            return None
        return _("This offer holds for orders by: %(channels)s.") % {
            "channels": ", ".join(sorted(self.names))
        }
