"""Who shops and what lies in the cart: one signed cookie, nothing in the database."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse

from catalog.models import Product

COOKIE = "demo_shop"
#: More would not fit into a cookie.
MAX_LINES = 20
MAX_QUANTITY = 20
_SALT = "demo shop"


@dataclass(frozen=True, slots=True)
class Line:
    """A product in the cart."""

    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        """Return the price of all pieces."""
        return (self.product.price or Decimal(0)) * self.quantity


@dataclass(slots=True)
class Visitor:
    """The customer "signed in" as, if any, and pieces by sku."""

    customer: str = ""
    cart: dict[str, int] = field(default_factory=dict)

    @property
    def pieces(self) -> int:
        """Return how many pieces lie in the cart."""
        return sum(self.cart.values())

    def add(self, sku: str, quantity: int) -> None:
        """Put pieces into the cart, as many as it holds."""
        if sku in self.cart or len(self.cart) < MAX_LINES:
            self.cart[sku] = max(1, min(self.cart.get(sku, 0) + quantity, MAX_QUANTITY))

    def lines(self) -> list[Line]:
        """Return the cart with its products. One query."""
        products = {
            p.sku: p
            for p in Product.objects.filter(sku__in=self.cart, active=True).select_related("category")
        }
        return [Line(products[sku], number) for sku, number in self.cart.items() if sku in products]

    def save(self, response: HttpResponse) -> None:
        """Write the cookie."""
        response.set_signed_cookie(
            COOKIE, _pack(self), salt=_SALT, max_age=86_400, httponly=True, samesite="Lax", path="/demo-shop/"
        )


def visitor_of(request: HttpRequest) -> Visitor:
    """Return who asks; a cookie that is not ours is an empty one."""
    try:
        text = request.get_signed_cookie(COOKIE, salt=_SALT, default="")
    except BadSignature:
        text = ""
    customer, _, cart = (text or "").partition("\n")
    lines = [line.rpartition("\t") for line in cart.split("\n") if line]
    return Visitor(customer, {sku: int(number) for sku, _, number in lines})


def _pack(visitor: Visitor) -> str:
    return "\n".join([visitor.customer, *(f"{sku}\t{number}" for sku, number in visitor.cart.items())])


def order_of(lines: list[Line], order_id: str) -> dict[str, Any]:
    """Return an order as the snippet tells it."""
    return {
        "order_id": order_id,
        "currency": next((line.product.currency for line in lines), ""),
        "value": float(sum((line.total for line in lines), Decimal(0))),
        "products": [
            {"sku": line.product.sku, "quantity": line.quantity, "price": float(line.product.price or 0)}
            for line in lines
        ],
    }
