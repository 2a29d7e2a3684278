"""Many checkouts at once, on a real PostgreSQL: no limit and no budget is ever passed."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections
from django.db.models import Sum

from campaigns.promotions import orders
from campaigns.promotions.carts import Order
from campaigns.promotions.models import BudgetEntry, DayCount, PromotedOrder, PromotionUse
from core.money import Money
from customers.models import Customer
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2017, 11, 6, 10, tzinfo=UTC)
LINES = [{"sku": "milk", "quantity": Decimal(1), "price": Decimal("10.00")}]


def at_once(call, arguments) -> Counter:
    """Run the calls on many connections and count how they ended."""

    def one(argument):
        try:
            return call(argument)
        except (orders.OrderClosed, orders.UnknownOrder, orders.BadRefund) as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as checkouts:
        ended = Counter(checkouts.map(one, arguments))
    connections.close_all()
    return ended


def redeem(order_id, customer=None):
    settled = orders.redeem(Order(order_id, LINES, "USD"), customer=customer, now=NOW)
    return tuple(settled.answer["applied"])


def test_a_money_budget_of_30_under_100_orders_of_1():
    one = PromotionFactory(
        created_at=NOW, slug="one", needs_code=False, budget=Decimal("30.00"),
        benefit={"kind": "amount", "amount": "1.00"},
    )  # fmt: skip
    assert at_once(lambda n: redeem(f"o{n}"), range(100)) == {("one",): 30, (): 70}
    one.refresh_from_db()
    assert one.spent == BudgetEntry.objects.aggregate(s=Sum("amount"))["s"] == Decimal("30.00")
    assert one.used == PromotionUse.objects.count() == 30


def test_limits_by_day_and_customer_and_a_second_offer_that_stays():
    alice = Customer.objects.create(external_id="alice", created_at=NOW, updated_at=NOW)
    PromotionFactory(created_at=NOW, slug="thrice", needs_code=False, limit_per_customer=3, stacking="always")
    PromotionFactory(created_at=NOW, slug="five", needs_code=False, limit_per_day=5, stacking="always")
    PromotionFactory(created_at=NOW, slug="free", needs_code=False, stacking="always")
    ended = at_once(lambda n: redeem(f"o{n}", alice), range(30))
    assert sum(count for applied, count in ended.items() if "thrice" in applied) == 3
    assert sum(count for applied, count in ended.items() if "five" in applied) == 5
    assert sum(count for applied, count in ended.items() if "free" in applied) == 30
    assert DayCount.objects.get().used == 5


def test_one_order_a_hundred_times_counts_once():
    one = PromotionFactory(created_at=NOW, slug="one", needs_code=False)
    assert at_once(lambda n: redeem("the-one"), range(100)) == {("one",): 100}
    one.refresh_from_db()
    assert one.used == PromotedOrder.objects.count() == BudgetEntry.objects.count() == 1


def test_reserve_redeem_cancel_refund_and_expiry_at_the_same_second():
    one = PromotionFactory(created_at=NOW, slug="one", needs_code=False, limit=4, limit_per_day=4)
    later = NOW + timedelta(minutes=15)
    for n in range(4):
        orders.reserve(Order(f"o{n}", LINES, "USD"), customer=None, now=NOW)

    def act(n):
        order = Order(f"o{n % 4}", LINES, "USD")
        match n % 5:
            case 0:
                orders.redeem(order, customer=None, now=later)
            case 1:
                orders.roll_back(order.id, now=later)
            case 2:
                orders.release_expired(now=later)
            case 3:
                orders.reserve(Order(f"x{n % 3}", LINES, "USD"), customer=None, now=later)
            case 4:
                part = Money(Decimal("2.50"), "USD")
                orders.refund(order.id, reference=f"r{n % 3}", amount=part, now=later)
        return "done"

    ended = at_once(act, range(100))
    assert set(ended) <= {"done", "OrderClosed", "BadRefund"}
    one.refresh_from_db()
    standing = PromotionUse.objects.filter(order__state__in=["reserved", "redeemed"])
    sums = BudgetEntry.objects.aggregate(spent=Sum("amount"), used=Sum("uses"))
    assert one.used == standing.count() == sums["used"] == DayCount.objects.get().used <= 4
    assert one.spent == sums["spent"] == sum((u.counted - u.given_back for u in standing), Decimal(0))
