"""What came of a cart, explained."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.money import Money

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
class Result:
    """A cart with its discounts line by line. `total` is the sum to pay; it is never negative."""

    cart: Cart
    discounts: tuple[tuple[Discount, ...], ...]
    not_applied: tuple[NotApplied, ...]
    applied: tuple[str, ...]
    free_shipping: bool

    @property
    def discount(self) -> Decimal:
        """Return the sum of all discounts."""
        return sum((d.amount for line in self.discounts for d in line), Decimal(0))

    @property
    def total(self) -> Decimal:
        """Return what is left to pay."""
        return self.cart.amount - self.discount

    def given_by(self, promotion: str) -> Decimal:
        """Return what one promotion took off the whole cart."""
        return sum(
            (d.amount for line in self.discounts for d in line if d.promotion == promotion), Decimal(0)
        )

    def as_json(self) -> dict[str, Any]:
        """Return the REST shape."""
        currency = self.cart.currency
        return {
            "lines": [
                {
                    "sku": line.sku,
                    "discounts": [
                        {
                            "promotion": d.promotion,
                            "amount": Money(d.amount, currency).as_json(),
                            "reason": d.reason,
                        }
                        for d in discounts
                    ],
                }
                for line, discounts in zip(self.cart.lines, self.discounts, strict=True)
            ],
            "applied": list(self.applied),
            "not_applied": [
                {"promotion": n.promotion, "code": n.code, "reason": n.reason} for n in self.not_applied
            ],
            "free_shipping": self.free_shipping,
            "subtotal": Money(self.cart.amount, currency).as_json(),
            "discount": Money(self.discount, currency).as_json(),
            "total": Money(self.total, currency).as_json(),
        }
