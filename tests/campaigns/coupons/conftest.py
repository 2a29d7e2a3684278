"""Customers and orders at the till."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from campaigns.coupons.services import Order
from customers.models import Customer
from tests.factories.coupons import CouponFactory, PoolFactory
from tests.factories.promotions import PromotionFactory


@pytest.fixture
def now() -> datetime:
    return datetime(2017, 11, 6, 10, tzinfo=UTC)


@pytest.fixture
def make_customer(db, now):
    def make(external_id: str) -> Customer:
        return Customer.objects.create(external_id=external_id, created_at=now, updated_at=now)

    return make


@pytest.fixture
def alice(make_customer) -> Customer:
    return make_customer("alice")


@pytest.fixture
def bob(make_customer) -> Customer:
    return make_customer("bob")


@pytest.fixture
def order():
    def make(order_id: str, price: str = "10.00", quantity: str = "1", currency: str = "USD") -> Order:
        line = {"sku": "milk", "quantity": Decimal(quantity), "price": Decimal(price)}
        return Order(order_id, [line], currency)

    return make


@pytest.fixture
def automatic(now):
    """Ten per cent off everything, without a code."""
    return PromotionFactory(created_at=now, slug="ten", needs_code=False)


@pytest.fixture
def coded(now):
    """Return a function that makes a code for an amount off, or for what is given."""

    def make(amount="5.00", slug="five", **fields):
        benefit = fields.pop("benefit", {"kind": "amount", "amount": amount})
        promotion = PromotionFactory(created_at=now, slug=slug, benefit=benefit, **fields)
        return CouponFactory(created_at=now, pool=PoolFactory(created_at=now, promotion=promotion)).code

    return make
