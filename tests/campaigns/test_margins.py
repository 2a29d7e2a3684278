"""Margins from what products cost: exact, of what share of the sales, and unknown where it is a guess."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from campaigns import margins
from campaigns.promotions import orders
from campaigns.promotions.carts import Order
from catalog.services import upsert_products
from core.money import Money
from events.services import record
from tests.factories.customers import make_customer
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
D = Decimal


@pytest.fixture
def products(db):
    costs = {"tea": Money(D("4.00"), "USD"), "cup": None, "pot": Money(D("9.00"), "EUR")}
    rows = [{"sku": sku, "name": sku, "cost": cost} for sku, cost in costs.items()]
    return upsert_products(rows, NOW - timedelta(days=200))


@pytest.fixture
def buy(products):
    customer = make_customer("alice", now=NOW)

    def bought(*lines, order="o1", at=NOW - timedelta(days=3)):
        record(
            [
                {
                    "source": "shop", "message_id": f"{order}-{sku}", "type": "purchase",
                    "customer_id": customer.pk, "occurred_at": at, "product_id": products[sku].pk,
                    "order_id": order, "quantity": quantity, "amount": D(amount), "discount": D(discount),
                    "currency": "USD",
                }
                for sku, quantity, amount, discount in lines
            ],
            now=NOW,
        )  # fmt: skip
        return customer

    return bought


def test_the_shops_margin_is_of_prices_before_discounts(buy):
    # Two teas for 16 and 4 off: 20 before, 8 of cost; a cup for 5 says nothing.
    buy(("tea", 2, "16.00", "4.00"), ("cup", 1, "5.00", "0"))
    found = margins.of_shop(until=NOW)
    assert (found.share, found.covered) == (D("0.6000"), D(20) / D(25))


def test_what_lies_outside_the_days_does_not_count(buy):
    buy(("tea", 1, "5.00", "0"), order="old", at=NOW - timedelta(days=91))
    assert margins.of_shop(until=NOW) is None


def test_too_little_is_not_a_margin(buy):
    buy(("tea", 1, "5.00", "0"), ("cup", 1, "95.00", "0"))
    assert margins.of_shop(until=NOW) is None


def test_a_cost_in_another_currency_is_not_counted(buy):
    buy(("pot", 1, "20.00", "0"), ("tea", 1, "10.00", "0"))
    found = margins.of_shop(until=NOW)
    assert (found.share, found.covered) == (D("0.6000"), D(10) / D(30))


def test_a_promotions_margin_is_of_its_orders(buy):
    promotion = PromotionFactory(created_at=NOW, slug="ten", needs_code=False)
    customer = buy(("tea", 2, "9.00", "1.00"))
    buy(("tea", 1, "100.00", "0"), order="o2")
    line = {"sku": "tea", "quantity": D(2), "price": D("5.00")}
    orders.redeem(Order("o1", [line], "USD"), customer=customer, now=NOW)
    found = margins.of_promotions([promotion.pk])
    assert {pk: (m.share, m.covered) for pk, m in found.items()} == {promotion.pk: (D("0.2000"), D(1))}
