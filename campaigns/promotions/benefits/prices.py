"""Benefits that lower prices: a percentage, an amount, a fixed price."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from campaigns.promotions.carts import Situation
from campaigns.promotions.selections import Selection
from campaigns.promotions.vocabulary import Amounts, RuleInvalid, decimal, only
from core.money import round_money

from .base import NOTHING, Gain, selection_of, share


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of the price, at most so much in all."""

    percent: Decimal
    most: Amounts | None
    on: Selection
    kind: ClassVar[str] = "price"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "Percent":
        """Read `percent` in (0, 100], `most` and `on`."""
        only(members, path, required=("percent",), optional=("most", "on"))
        percent = percentage(members["percent"], f"{path}.percent")
        most = Amounts.parse(members["most"], f"{path}.most", above=Decimal(0)) if "most" in members else None
        return cls(percent, most, selection_of(members, path))

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Take the share of each line, rounded half up; above `most`, share that amount instead."""
        cart = situation.cart
        at, amounts, currency = self.on.of(cart), cart.amounts, cart.currency
        given = {i: off for i in at if (off := round_money(amounts[i] * self.percent / 100, currency))}
        if self.most is not None and sum(given.values(), Decimal(0)) > self.most.of(currency):
            given = share(self.most.of(currency), amounts, at, currency)
        return Gain(given)

    def sentence(self, currency: str) -> str:
        """Say the percentage."""
        return _("%(percent)s%% off") % {"percent": f"{self.percent:f}"}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount off the lines that are meant, never more than they cost."""

    amount: Amounts
    on: Selection
    kind: ClassVar[str] = "price"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "Amount":
        """Read `amount` and `on`."""
        only(members, path, required=("amount",), optional=("on",))
        amount = Amounts.parse(members["amount"], f"{path}.amount", above=Decimal(0))
        return cls(amount, selection_of(members, path))

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Share the amount in proportion."""
        cart = situation.cart
        amount = self.amount.of(cart.currency)
        return Gain(share(amount, cart.amounts, self.on.of(cart), cart.currency))

    def sentence(self, currency: str) -> str:
        """Say the amount."""
        return _("%(amount)s %(currency)s off") % {"amount": self.amount.of(currency), "currency": currency}


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """Each unit of the lines that are meant costs so much; a lower price stays."""

    price: Amounts
    on: Selection
    kind: ClassVar[str] = "price"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "FixedPrice":
        """Read `price` and `on`."""
        only(members, path, required=("price", "on"))
        return cls(Amounts.parse(members["price"], f"{path}.price"), selection_of(members, path))

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Take the difference between the line's amount and its amount at the fixed price."""
        cart = situation.cart
        given, price = {}, self.price.of(cart.currency)
        for i in self.on.of(cart):
            new = round_money(cart.lines[i].quantity * price, cart.currency)
            if cart.amounts[i] > new:
                given[i] = cart.amounts[i] - new
        return Gain(given)

    def sentence(self, currency: str) -> str:
        """Say the price."""
        return _("%(price)s %(currency)s each") % {"price": self.price.of(currency), "currency": currency}


def percentage(value: Any, path: str) -> Decimal:
    """Return a percentage in (0, 100]."""
    percent = decimal(value, path, above=Decimal(0))
    if percent > 100:
        raise RuleInvalid(path, _("At most 100."))
    return percent
