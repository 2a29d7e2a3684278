"""Benefits that count units: the cheapest free, buy some and get some, a set at one price."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from campaigns.promotions.carts import Cart, Situation
from campaigns.promotions.selections import Selection
from campaigns.promotions.vocabulary import Amounts, RuleInvalid, only, whole
from core.money import round_money

from .base import NOTHING, Discounts, Gain, selection_of, share, whole_units
from .prices import percentage

MOST_ITEMS = 10
MOST_TIMES = 100


@dataclass(frozen=True, slots=True)
class CheapestFree:
    """Of every so many whole units that are meant, the cheapest ones are free.

    With nine units and `every` 3 the three cheapest are free. Goods by weight count in whole units.
    """

    every: int
    on: Selection
    kind: ClassVar[str] = "price"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "CheapestFree":
        """Read `every` (2 or more) and `on`."""
        only(members, path, required=("every",), optional=("on",))
        return cls(whole(members["every"], f"{path}.every", least=2, most=1000), selection_of(members, path))

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Walk from the cheapest unit up; equal prices go by their place in the cart."""
        cart = situation.cart
        units = whole_units(cart, self.on.of(cart))
        return Gain(_reduced(cart, units, sum(units.values()) // self.every))

    def sentence(self, currency: str) -> str:
        """Say how many are paid."""
        return _("The cheapest of every %(every)d is free") % {"every": self.every}


@dataclass(frozen=True, slots=True)
class BuyGet:
    """For every `buy` units of some lines, `get` units of others (or the same) cost `percent` less.

    A unit counts once, as bought or as got. The cheapest ones are got.
    """

    buy: int
    get: int
    percent: Decimal
    on: Selection
    get_on: Selection
    times: int
    kind: ClassVar[str] = "price"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "BuyGet":
        """Read `buy`, `get`, `percent` (100 without), `on`, `get_on` (as `on` without), `times` at most."""
        only(members, path, required=("buy", "get"), optional=("percent", "on", "get_on", "times"))
        on = selection_of(members, path)
        return cls(
            whole(members["buy"], f"{path}.buy", most=1000),
            whole(members["get"], f"{path}.get", most=1000),
            percentage(members.get("percent", "100"), f"{path}.percent"),
            on,
            selection_of(members, path, "get_on") if "get_on" in members else on,
            whole(members.get("times", 1_000_000), f"{path}.times"),
        )

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Form as many groups as give most units, and reduce the cheapest ones that leave enough to buy."""
        cart = situation.cart
        bought = whole_units(cart, self.on.of(cart))
        got = whole_units(cart, self.get_on.of(cart))
        some, free = sum(bought.values()), sum(got.values())
        every = sum((bought | got).values())
        most = min(some // self.buy, self.times)
        # So many units can be got with n groups; it rises with n until the units run out, then falls.
        turn = every // (self.buy + self.get)
        groups = max(
            {min(most, turn), min(most, turn + 1)},
            key=lambda n: min(n * self.get, free, every - n * self.buy),
        )
        count = min(groups * self.get, free, every - groups * self.buy)
        # Of the units that could be bought, enough must stay so.
        spare = some - groups * self.buy
        return Gain(_reduced(cart, got, count, self.percent, bought, spare))

    def sentence(self, currency: str) -> str:
        """Say how many are got for how many."""
        if self.percent == 100:
            return _("Buy %(buy)d, get %(get)d free") % {"buy": self.buy, "get": self.get}
        return _("Buy %(buy)d, get %(get)d at %(percent)s%% off") % {
            "buy": self.buy,
            "get": self.get,
            "percent": f"{self.percent:f}",
        }


@dataclass(frozen=True, slots=True)
class BundleItem:
    """So many units of some lines."""

    on: Selection
    quantity: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """A set of products costs one price, or a percentage less than its parts.

    The items are filled in their order, each with the dearest units that are left: name the narrower
    one first where they overlap.
    """

    items: tuple[BundleItem, ...]
    price: Amounts | None
    percent: Decimal
    times: int
    kind: ClassVar[str] = "price"
    needs: ClassVar[frozenset[str]] = NOTHING

    @classmethod
    def parse(cls, members: dict[str, Any], path: str) -> "Bundle":
        """Read `items` (`{"products": […], "quantity": 1}` each), `price` or `percent`, `times` at most."""
        only(members, path, required=("items",), optional=("price", "percent", "times"))
        if ("price" in members) is ("percent" in members):
            raise RuleInvalid(path, _("Give either “price” or “percent”."))
        items = members["items"]
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
            raise RuleInvalid(
                f"{path}.items", _("Write a list of 1 to %(most)d items.") % {"most": MOST_ITEMS}
            )
        return cls(
            tuple(_item(item, f"{path}.items.{i}") for i, item in enumerate(items)),
            Amounts.parse(members["price"], f"{path}.price") if "price" in members else None,
            percentage(members["percent"], f"{path}.percent") if "percent" in members else Decimal(0),
            whole(members.get("times", MOST_TIMES), f"{path}.times", most=MOST_TIMES),
        )

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Fill one set after the other, as long as there are units and the set saves something."""
        cart = situation.cart
        given: Discounts = {}
        left = whole_units(cart, range(len(cart.lines)))
        lines = [sorted(item.on.of(cart), key=lambda i: (-cart.lines[i].price, i)) for item in self.items]
        for _time in range(self.times):
            taken = self._fill(lines, left)
            if taken is None:
                break
            at = sorted(taken)
            costs = [round_money(cart.lines[i].price * taken[i], cart.currency) for i in at]
            whole_price = sum(costs, Decimal(0))
            saved = (
                whole_price - self.price.of(cart.currency)
                if self.price is not None
                else round_money(whole_price * self.percent / 100, cart.currency)
            )
            if saved <= 0:
                break
            for place, part in share(saved, costs, range(len(at)), cart.currency).items():
                i = at[place]
                given[i] = min(given.get(i, Decimal(0)) + part, cart.amounts[i])
            for i, count in taken.items():
                left[i] -= count
        return Gain(given)

    def _fill(self, lines: list[list[int]], left: Mapping[int, int]) -> dict[int, int] | None:
        taken: dict[int, int] = {}
        for item, at in zip(self.items, lines, strict=True):
            wanted = item.quantity
            for i in at:
                count = min(wanted, left[i] - taken.get(i, 0))
                if count:
                    taken[i] = taken.get(i, 0) + count
                    wanted -= count
                if not wanted:
                    break
            if wanted:
                return None
        return taken

    def sentence(self, currency: str) -> str:
        """Say the price of the set."""
        if self.price is not None:
            return _("The set for %(price)s %(currency)s") % {
                "price": self.price.of(currency),
                "currency": currency,
            }
        return _("%(percent)s%% off the set") % {"percent": f"{self.percent:f}"}


def _item(value: Any, path: str) -> BundleItem:
    if not isinstance(value, dict):
        raise RuleInvalid(path, _("Write an object that names products and a “quantity”."))
    chosen = {name: entries for name, entries in value.items() if name != "quantity"}
    return BundleItem(
        Selection.parse(chosen, path), whole(value.get("quantity", 1), f"{path}.quantity", most=1000)
    )


def _reduced(
    cart: Cart,
    units: Mapping[int, int],
    count: int,
    percent: Decimal = Decimal(100),
    bounded: Collection[int] = (),
    spare: int = 0,
) -> Discounts:
    """Return the discounts when the `count` cheapest units cost `percent` less.

    From the `bounded` lines together no more than `spare` are taken.
    """
    given: Discounts = {}
    for i in sorted(units, key=lambda i: (cart.lines[i].price, i)):
        taken = min(count, units[i])
        if i in bounded:
            taken = min(taken, spare)
            spare -= taken
        off = round_money(taken * cart.lines[i].price * percent / 100, cart.currency)
        if off := min(off, cart.amounts[i]):
            given[i] = off
        count -= taken
    return given
