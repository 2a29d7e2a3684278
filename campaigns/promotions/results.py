"""What came of a cart, explained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.money import Money

from .benefits import Deposit, Gift, Points
from .carts import Cart


@dataclass(frozen=True, slots=True)
class Discount:
    """What one promotion took off one line."""

    promotion: str
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class NotApplied:
    """A promotion that gave nothing. `code` is for programs, `reason` for people."""

    promotion: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Extra:
    """What one promotion gives beside the prices; `reason` says it in words."""

    promotion: str
    reason: str
    free_shipping: bool = False
    gift: Gift | None = None
    points: Points | None = None
    deposit: Deposit | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """How the best combination was found. Not `complete`: the bound on work was reached before a proof,
    and the best combination met until then applies."""

    complete: bool = True
    branches: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """A cart with its discounts line by line. `total` is the sum of the lines to pay, never negative."""

    cart: Cart
    discounts: tuple[tuple[Discount, ...], ...]
    not_applied: tuple[NotApplied, ...]
    applied: tuple[str, ...]
    extras: tuple[Extra, ...] = ()
    search: Search = field(default_factory=Search)

    @property
    def discount(self) -> Decimal:
        """Return the sum of all discounts."""
        return sum((d.amount for line in self.discounts for d in line), Decimal(0))

    @property
    def total(self) -> Decimal:
        """Return what is left to pay."""
        return self.cart.amount - self.discount

    @property
    def free_shipping(self) -> bool:
        """Say whether shipping costs nothing."""
        return any(extra.free_shipping for extra in self.extras)

    def given_by(self, promotion: str) -> Decimal:
        """Return what one promotion took off the whole cart."""
        return sum(
            (d.amount for line in self.discounts for d in line if d.promotion == promotion), Decimal(0)
        )

    def deposit_units(self, promotion: str) -> Decimal:
        """Return for how many units a deposit is paid on this cart; negative where it is the balance."""
        return sum(
            (
                extra.deposit.units if extra.deposit.phase == "deposit" else -extra.deposit.units
                for extra in self.extras
                if extra.promotion == promotion and extra.deposit
            ),
            Decimal(0),
        )

    def as_json(self, lowest: Mapping[str, Money] | None = None) -> dict[str, Any]:
        """Return the REST shape. `lowest` are the lowest prices of the 30 days before, by sku."""
        currency, lowest = self.cart.currency, lowest or {}

        def money(amount: Decimal) -> dict[str, str]:
            return Money(amount, currency).as_json()

        return {
            "lines": [
                {
                    "sku": line.sku,
                    "subtotal": money(amount),
                    "discounts": [
                        {"promotion": d.promotion, "amount": money(d.amount), "reason": d.reason}
                        for d in discounts
                    ],
                    "total": money(amount - sum((d.amount for d in discounts), Decimal(0))),
                    "lowest_30_days": lowest[line.sku].as_json()
                    if discounts and line.sku in lowest
                    else None,
                }
                for line, amount, discounts in zip(
                    self.cart.lines, self.cart.amounts, self.discounts, strict=True
                )
            ],
            "applied": list(self.applied),
            "not_applied": [
                {"promotion": n.promotion, "code": n.code, "reason": n.reason} for n in self.not_applied
            ],
            "free_shipping": self.free_shipping,
            "gifts": [
                {
                    "promotion": e.promotion,
                    "sku": e.gift.sku,
                    "quantity": e.gift.quantity,
                    "reason": e.reason,
                }
                for e in self.extras
                if e.gift
            ],
            "points": [
                {
                    "promotion": e.promotion,
                    "multiply": f"{e.points.multiplied:f}",
                    "add": e.points.added,
                    "reason": e.reason,
                }
                for e in self.extras
                if e.points
            ],
            "deposits": [
                {
                    "promotion": e.promotion,
                    "phase": e.deposit.phase,
                    "units": f"{e.deposit.units:f}",
                    "amount": money(e.deposit.amount),
                    "worth": money(e.deposit.worth),
                    "balance_from": e.deposit.balance_from,
                    "balance_until": e.deposit.balance_until,
                    "reason": e.reason,
                }
                for e in self.extras
                if e.deposit
            ],
            "prices": self.cart.prices,
            "subtotal": money(self.cart.amount),
            "discount": money(self.discount),
            "total": money(self.total),
            "search": {"complete": self.search.complete, "branches": self.search.branches},
        }
