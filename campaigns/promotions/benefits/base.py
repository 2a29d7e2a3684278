"""What every benefit offers, and what it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any, ClassVar, Protocol

from campaigns.promotions.carts import Cart, Situation
from campaigns.promotions.selections import EVERYTHING, Selection
from core.money import shared_out

#: Amounts off by the position of the line; lines that keep their price are not in it.
Discounts = dict[int, Decimal]


@dataclass(frozen=True, slots=True)
class Gift:
    """Units of a product that are laid into the parcel."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Points:
    """Member points: those of the order `multiplied`, and so many `added`."""

    multiplied: Decimal = Decimal(1)
    added: int = 0


@dataclass(frozen=True, slots=True)
class Deposit:
    """Units bought by deposit and balance.

    In the phase `deposit`, `amount` is to be paid now and will count as `worth` when the balance is paid
    from `balance_from` until `balance_until`. In the phase `balance`, `amount` was paid before and is to
    be taken off the total; what it is worth beyond that is a discount already.
    """

    phase: str
    units: Decimal
    amount: Decimal
    worth: Decimal
    balance_from: datetime | None
    balance_until: datetime | None


@dataclass(frozen=True, slots=True)
class Gain:
    """What a benefit gives on a cart; `discounts` are by the line's position, as far as it gives any.

    Each discount is above 0 and at most the line's amount, in whole minor units.
    """

    discounts: Discounts = field(default_factory=dict)
    free_shipping: bool = False
    gift: Gift | None = None
    points: Points | None = None
    deposit: Deposit | None = None

    @property
    def amount(self) -> Decimal:
        """Return the sum of the discounts."""
        return sum(self.discounts.values(), Decimal(0))

    @property
    def is_something(self) -> bool:
        """Say whether the cart is any better for it."""
        return bool(self.discounts or self.free_shipping or self.gift or self.points or self.deposit)


class Benefit(Protocol):
    """What is given when the conditions hold.

    `kind` says which benefits are alike: of those that take nothing off the lines, one of each kind
    applies beside the discounts. `needs` names what of the shopper must be looked up.
    """

    kind: ClassVar[str]
    needs: ClassVar[frozenset[str]]

    def gain(self, situation: Situation, slug: str) -> Gain:
        """Return what the promotion of that short name gives."""

    def sentence(self, currency: str) -> str:
        """Say what is given, for the receipt."""


NOTHING: frozenset[str] = frozenset()


def whole_units(cart: Cart, at: Sequence[int]) -> dict[int, int]:
    """Return the whole units of lines; goods by weight count in whole units."""
    return {i: int(cart.lines[i].quantity.to_integral_value(ROUND_FLOOR)) for i in at}


def share(amount: Decimal, amounts: Sequence[Decimal], at: Sequence[int], currency: str) -> Discounts:
    """Share an amount over the lines `at` in proportion to their amounts, by largest remainder.

    The shares sum to the amount or to all the lines cost, whichever is less; of equal remainders the
    earlier line gets the cent.
    """
    weights = [amounts[i] for i in at]
    shares = shared_out(min(amount, sum(weights, Decimal(0))), weights, currency)
    return {i: part for i, part in zip(at, shares, strict=True) if part}


def selection_of(members: dict[str, Any], path: str, name: str = "on") -> Selection:
    """Return which lines a benefit is about: all without a word about it."""
    return Selection.parse(members[name], f"{path}.{name}") if name in members else EVERYTHING
