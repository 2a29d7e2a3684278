"""Promotions without a code on an order, one step at a time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum

from campaigns.promotions import orders, services
from campaigns.promotions.carts import Order
from campaigns.promotions.models import BudgetEntry, CustomerCount, DayCount, PromotedOrder, Promotion
from core.money import Money
from customers.models import Customer
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2017, 11, 6, 10, tzinfo=UTC)
D = Decimal


@pytest.fixture
def alice(db):
    return Customer.objects.create(external_id="alice", created_at=NOW, updated_at=NOW)


def make(**fields) -> Promotion:
    return PromotionFactory(created_at=NOW, needs_code=False, **fields)


def bought(order_id="o1", price="10.00", quantity="1", **more) -> Order:
    line = {"sku": "milk", "quantity": D(quantity), "price": D(price)}
    return Order(order_id, [line], more.pop("currency", "USD"), **more)


def counters_equal_rows() -> None:
    """Check that every counter is what the ledger and the orders that stand say."""
    for promotion in Promotion.objects.all():
        sums = promotion.ledger.aggregate(spent=Sum("amount"), used=Sum("uses"))
        standing = PromotedOrder.objects.standing().filter(uses__promotion=promotion)
        assert promotion.spent == (sums["spent"] or 0)
        assert promotion.used == (sums["used"] or 0) == standing.count()
        assert promotion.spent == sum(
            (use.counted - use.given_back for use in promotion.uses.filter(order__in=standing)), D(0)
        )


def test_a_reservation_keeps_the_price_that_was_told(alice):
    ten = make(slug="ten", limit=1)
    kept = orders.reserve(bought(), customer=alice, now=NOW)
    assert (kept.state, kept.answer["discount"]["amount"]) == ("reserved", "1.00")
    Promotion.objects.update(active=False)
    used = orders.redeem(bought(), customer=alice, now=NOW + timedelta(minutes=14))
    assert (used.state, used.replayed, used.answer) == ("redeemed", False, kept.answer)
    again = orders.redeem(bought(), customer=alice, now=NOW + timedelta(hours=9))
    assert (again.replayed, again.answer) == (True, kept.answer)
    ten.refresh_from_db()
    assert (ten.used, ten.spent) == (1, D("1.00"))
    counters_equal_rows()


def test_the_last_use_is_gone_for_others_until_it_expires(alice):
    make(slug="ten", limit=1)
    orders.reserve(bought("o1"), customer=alice, now=NOW)
    other = orders.reserve(bought("o2"), customer=None, now=NOW)
    assert other.answer["applied"] == []
    assert other.answer["not_applied"][0]["code"] == "limit"
    at_the_second = NOW + timedelta(minutes=15)
    assert orders.release_expired(now=at_the_second - timedelta(seconds=1)) == 0
    assert orders.release_expired(now=at_the_second) == 2
    assert orders.redeem(bought("o2"), customer=None, now=at_the_second).answer["applied"] == ["ten"]
    counters_equal_rows()


def test_a_reservation_that_ran_out_is_judged_anew(alice):
    make(slug="ten")
    orders.reserve(bought(), customer=alice, now=NOW)
    Promotion.objects.update(benefit={"kind": "percent", "percent": "20"})
    late = orders.redeem(bought(), customer=alice, now=NOW + timedelta(minutes=15))
    assert late.answer["discount"]["amount"] == "2.00"
    counters_equal_rows()


def test_another_cart_gives_back_what_was_kept(alice):
    make(slug="ten", budget=D("5.00"))
    orders.reserve(bought(price="40.00"), customer=alice, now=NOW)
    changed = orders.reserve(bought(price="50.00"), customer=alice, now=NOW)
    assert changed.answer["discount"]["amount"] == "5.00"
    orders.redeem(bought(price="50.00"), customer=alice, now=NOW)
    with pytest.raises(orders.OrderClosed):
        orders.redeem(bought(price="60.00"), customer=alice, now=NOW)
    counters_equal_rows()


def test_limits_by_day_and_customer_go_and_come_back(alice):
    make(slug="ten", limit_per_day=2, limit_per_customer=1)
    assert orders.redeem(bought("o1"), customer=alice, now=NOW).answer["applied"] == ["ten"]
    second = orders.redeem(bought("o2"), customer=alice, now=NOW)
    assert second.answer["not_applied"][0]["code"] == "limit_per_customer"
    stranger = orders.redeem(bought("o3"), customer=None, now=NOW)
    assert stranger.answer["not_applied"][0]["code"] == "customer"
    bob = Customer.objects.create(external_id="bob", created_at=NOW, updated_at=NOW)
    carol = Customer.objects.create(external_id="carol", created_at=NOW, updated_at=NOW)
    assert orders.redeem(bought("o4"), customer=bob, now=NOW).answer["applied"] == ["ten"]
    late = orders.redeem(bought("o5"), customer=carol, now=NOW)
    assert late.answer["not_applied"][0]["code"] == "limit_per_day"
    assert services.evaluate(bought("o6"), customer=carol, now=NOW + timedelta(days=1)).applied == ("ten",)
    orders.roll_back("o1", now=NOW)
    orders.roll_back("o1", now=NOW)
    assert (DayCount.objects.get().used, CustomerCount.objects.get(customer=alice).used) == (1, 0)
    assert orders.redeem(bought("o7"), customer=alice, now=NOW).answer["applied"] == ["ten"]
    counters_equal_rows()


def test_a_refund_gives_back_its_share_once_and_the_last_one_the_use():
    ten = make(slug="ten", benefit={"kind": "amount", "amount": "1.00"})
    orders.redeem(bought(quantity="3", price="1.00"), customer=None, now=NOW)
    one = Money(D("1.00"), "USD")
    for _n in range(2):
        orders.refund("o1", reference="r1", amount=one, now=NOW)
    ten.refresh_from_db()
    assert (ten.used, ten.spent) == (1, D("0.67"))
    orders.refund("o1", reference="r2", amount=one, now=NOW)
    ten.refresh_from_db()
    assert (ten.used, ten.spent) == (1, D("0.33"))
    with pytest.raises(orders.BadRefund):
        orders.refund("o1", reference="r3", amount=Money(D("1.01"), "USD"), now=NOW)
    with pytest.raises(orders.BadRefund):
        orders.refund("o1", reference="r3", amount=Money(D("1.00"), "EUR"), now=NOW)
    orders.refund("o1", reference="r3", amount=one, now=NOW)
    orders.refund("o1", reference="r3", amount=one, now=NOW)
    ten.refresh_from_db()
    assert (ten.used, ten.spent, PromotedOrder.objects.get().state) == (0, D("0.00"), "rolled_back")
    counters_equal_rows()


def test_a_budget_is_kept_in_its_own_currency(settings):
    settings.SHOP_EXCHANGE_RATES = {"EUR": 1.2}
    ten = make(slug="ten", also_in=["EUR"], budget=D("2.00"))
    assert orders.redeem(bought(currency="EUR"), customer=None, now=NOW).answer["applied"] == ["ten"]
    ten.refresh_from_db()
    assert ten.spent == D("1.20")
    full = orders.redeem(bought("o2", currency="EUR"), customer=None, now=NOW)
    assert full.answer["not_applied"][0]["code"] == "budget"


def test_the_ledger_cannot_be_changed():
    make(slug="ten")
    orders.redeem(bought(), customer=None, now=NOW)
    for change in (
        lambda: BudgetEntry.objects.update(amount=0),
        lambda: BudgetEntry.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert BudgetEntry.objects.get().amount == D("1.00")


def test_a_paid_deposit_counts_for_its_balance_once(alice):
    make(
        slug="tv",
        benefit={
            "kind": "deposit", "deposit": "1", "worth": "3",
            "pay": {"from": "2017-11-06T00:00:00Z", "until": "2017-11-07T00:00:00Z"},
            "balance": {"from": "2017-11-07T00:00:00Z", "until": "2017-11-08T00:00:00Z"},
        },
    )  # fmt: skip
    orders.redeem(bought("d1", quantity="2"), customer=alice, now=NOW)
    later = NOW + timedelta(days=1)
    paid = orders.redeem(bought("b1"), customer=alice, now=later)
    assert (paid.answer["discount"]["amount"], paid.answer["deposits"][0]["amount"]["amount"]) == (
        "2.00",
        "1.00",
    )
    assert services.evaluate(bought("b2", quantity="5"), customer=alice, now=later).discount == D("2.00")
    assert orders.redeem(bought("b1"), customer=alice, now=later).replayed
    orders.redeem(bought("b2", quantity="5"), customer=alice, now=later)
    assert services.evaluate(bought("b3"), customer=alice, now=later).applied == ()
    assert services.evaluate(bought("b3"), customer=None, now=later).applied == ()


def test_rules_must_state_every_currency():
    from django.core.exceptions import ValidationError

    fields = {"name": "A", "slug": "a", "currency": "USD", "also_in": ["EUR"], "now": NOW}
    with pytest.raises(ValidationError, match="EUR is missing"):
        services.create_promotion(benefit={"kind": "amount", "amount": {"USD": "5"}}, **fields)
    with pytest.raises(ValidationError, match="is missing"):
        services.create_promotion(benefit={"kind": "amount", "amount": "5"}, **fields)
    services.create_promotion(benefit={"kind": "amount", "amount": {"USD": "5", "EUR": "4"}}, **fields)
