"""Benefits beside the prices: free shipping, a gift, member points, a deposit that is worth more."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from campaigns.promotions.carts import Situation
from campaigns.promotions.selections import Selection
from campaigns.promotions.vocabulary import Amounts, RuleInvalid, decimal, only, period, whole
from core.clock import shop_zone
from core.money import round_money

from .base import NOTHING, Deposit, Discounts, Gain, Gift, Points, selection_of, whole_units


@dataclass(frozen=True, slots=True)
class FreeShipping:
    """Shipping costs nothing; the cart's lines stay as they are."""

    kind: ClassVar[str] = "shipping"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "FreeShipping":
        """Read nothing."""
        only(members, path)
        return cls()

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Give nothing on the lines."""
        return Gain(free_shipping=True)

    def sentence(self, currency: str) -> str:
        """Say it."""
        return _("Free shipping")


@dataclass(frozen=True, slots=True)
class GiftProduct:
    """A product is laid into the parcel."""

    sku: str
    quantity: int
    kind: ClassVar[str] = "gift"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "GiftProduct":
        """Read `sku` and `quantity` (1 without)."""
        only(members, path, required=("sku",), optional=("quantity",))
        sku = members["sku"]
        if not isinstance(sku, str) or not 0 < len(sku) <= 200:
            raise RuleInvalid(f"{path}.sku", _("Name the product."))
        return cls(sku, whole(members.get("quantity", 1), f"{path}.quantity", most=100))

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Give the product, with any cart that is not empty."""
        return Gain(gift=Gift(self.sku, self.quantity) if situation.cart.lines else None)

    def sentence(self, currency: str) -> str:
        """Say what is given."""
        return _("A gift: %(quantity)d × %(sku)s") % {"quantity": self.quantity, "sku": self.sku}


@dataclass(frozen=True, slots=True)
class MorePoints:
    """The order's member points are multiplied, or some are added."""

    multiply: Decimal
    add: int
    kind: ClassVar[str] = "points"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "MorePoints":
        """Read `multiply` (above 1, at most 100) or `add`."""
        only(members, path, optional=("multiply", "add"))
        if len(members) != 1:
            raise RuleInvalid(path, _("Give either “multiply” or “add”."))
        if "add" in members:
            return cls(Decimal(1), whole(members["add"], f"{path}.add"))
        multiply = decimal(members["multiply"], f"{path}.multiply", above=Decimal(1))
        if multiply > 100:
            raise RuleInvalid(f"{path}.multiply", _("At most 100."))
        return cls(multiply, 0)

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Give the points; the shop's own member programme books them."""
        return Gain(points=Points(self.multiply, self.add) if situation.cart.lines else None)

    def sentence(self, currency: str) -> str:
        """Say how many."""
        if self.add:
            return _("%(points)d extra points") % {"points": self.add}
        return _("%(times)s times the points") % {"times": f"{self.multiply:f}"}


@dataclass(frozen=True, slots=True)
class DepositBalance:
    """定金/尾款: a deposit for each unit in one period, the balance in another.

    The deposit may be worth more than was paid (定金膨胀). Whose deposit was taken is known from the
    uses of the promotion, so the balance needs no word of the shop.
    """

    deposit: Amounts
    worth: Amounts
    pay: tuple[datetime, datetime]
    balance: tuple[datetime, datetime]
    on: Selection
    kind: ClassVar[str] = "deposit"
    needs: ClassVar[frozenset[str]] = frozenset({"deposits"})

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "DepositBalance":
        """Read `deposit`, `worth` (as `deposit` without), `pay`, `balance` (`from`, `until` each), `on`."""
        only(members, path, required=("deposit", "pay", "balance"), optional=("worth", "on"))
        deposit = Amounts.parse(members["deposit"], f"{path}.deposit", above=Decimal(0))
        worth = Amounts.parse(members.get("worth", members["deposit"]), f"{path}.worth", above=Decimal(0))
        if deposit.by_currency.keys() != worth.by_currency.keys():
            raise RuleInvalid(path, _("Give “deposit” and “worth” in the same currencies."))
        for currency in deposit.by_currency or [""]:
            if worth.of(currency) < deposit.of(currency):
                raise RuleInvalid(f"{path}.worth", _("A deposit cannot be worth less than was paid."))
        pay, balance = (_period(members[name], f"{path}.{name}") for name in ("pay", "balance"))
        if balance[0] < pay[1]:
            raise RuleInvalid(f"{path}.balance", _("The balance is paid after the time for deposits."))
        return cls(deposit, worth, pay, balance, selection_of(members, path))

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Say what is to be paid now, or take off what the deposit is worth beyond what was paid."""
        if self.pay[0] <= situation.now < self.pay[1]:
            return self._first(situation)
        if self.balance[0] <= situation.now < self.balance[1]:
            return self._second(situation, situation.shopper.deposits.get(slug, Decimal(0)))
        return Gain()

    def _first(self, situation: Situation) -> Gain:
        cart = situation.cart
        units = whole_units(cart, self.on.of(cart))
        # A deposit above the price would have the balance negative.
        meant = sum(n for i, n in units.items() if cart.lines[i].price >= self.worth.of(cart.currency))
        return Gain(deposit=self._deposit("deposit", meant, cart.currency))

    def _second(self, situation: Situation, paid: Decimal) -> Gain:
        cart = situation.cart
        given: Discounts = {}
        left, units = int(paid), whole_units(cart, self.on.of(cart))
        more = self.worth.of(cart.currency) - self.deposit.of(cart.currency)
        for i in sorted(units, key=lambda i: (-cart.lines[i].price, i)):
            if cart.lines[i].price >= self.worth.of(cart.currency):
                count = min(left, units[i])
                if off := min(round_money(more * count, cart.currency), cart.amounts[i]):
                    given[i] = off
                left -= count
        return Gain(given, deposit=self._deposit("balance", int(paid) - left, cart.currency))

    def _deposit(self, phase: str, units: int, currency: str) -> Deposit | None:
        if not units:
            return None
        return Deposit(
            phase,
            Decimal(units),
            round_money(self.deposit.of(currency) * units, currency),
            round_money(self.worth.of(currency) * units, currency),
            *self.balance,
        )

    def sentence(self, currency: str) -> str:
        """Say deposit and worth, and when the balance is due."""
        return _("Deposit %(deposit)s, worth %(worth)s %(currency)s; balance from %(day)s") % {
            "deposit": self.deposit.of(currency),
            "worth": self.worth.of(currency),
            "currency": currency,
            "day": date_format(self.balance[0].astimezone(shop_zone()), "DATE_FORMAT"),
        }


def _period(value: Any, path: str) -> tuple[datetime, datetime]:
    if not isinstance(value, dict):
        raise RuleInvalid(path, _("Write an object with “from” and “until”."))
    only(value, path, required=("from", "until"))
    start, end = period(value, path)
    if start is None or end is None:
        raise RuleInvalid(path, _("Write an object with “from” and “until”."))
    return start, end
