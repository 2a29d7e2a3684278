"""Codes on a cart together with automatic offers: who wins, what is replaced, and why a code lost."""

from datetime import timedelta
from decimal import Decimal

import pytest

from campaigns.coupons.models import Coupon
from campaigns.coupons.services import Order
from campaigns.coupons.services.joining import judge
from campaigns.promotions.models import Promotion
from tests.factories.coupons import CouponFactory

pytestmark = pytest.mark.django_db
D = Decimal


def cart(price):
    return Order("", [{"sku": "milk", "quantity": D(1), "price": D(price)}], "USD")


def test_a_code_replaces_a_smaller_offer(automatic, coded, now):
    code = coded()
    result, [told] = judge([code], cart("30.00"), customer=None, now=now)
    assert (result.applied, result.total) == (("five",), D("25.00"))
    assert (told.applies, told.discount, told.saves, told.replaces) == (True, D("5.00"), D("2.00"), ("ten",))
    assert [(n.promotion, n.code, n.reason) for n in result.not_applied] == [
        ("ten", "better_offer", "“five” is the better one.")
    ]


def test_a_code_loses_to_a_better_offer(automatic, coded, now):
    result, [told] = judge([coded()], cart("80.00"), customer=None, now=now)
    assert (result.applied, result.total) == (("ten",), D("72.00"))
    assert (told.applies, told.reason, told.detail) == (False, "outdone", "“ten” is the better one.")
    assert (told.promotion, told.discount, told.saves, told.replaces) == ("five", 0, 0, ())


def test_a_code_that_always_combines_comes_on_top(automatic, coded, now):
    result, [told] = judge([coded(stacking="always")], cart("30.00"), customer=None, now=now)
    assert (set(result.applied), result.total) == ({"ten", "five"}, D("22.00"))
    assert (told.discount, told.saves, told.replaces) == (D("5.00"), D("5.00"), ())


def test_a_code_that_excludes_all_others(automatic, coded, now):
    code = coded(amount="2.00", stacking="never", priority=9)
    result, [told] = judge([code], cart("30.00"), customer=None, now=now)
    assert (result.applied, result.total) == (("five",), D("28.00"))
    # By its priority it applies though the other gives more: the answer says so.
    assert (told.saves, told.replaces) == (D("-1.00"), ("ten",))


def test_two_codes_of_one_offer_are_one(automatic, coded, now):
    first = coded(stacking="always")
    second = CouponFactory(created_at=now, pool=Coupon.objects.get(code=first).pool).code
    result, told = judge([first, second, first], cart("30.00"), customer=None, now=now)
    assert [(one.code, one.applies, one.reason) for one in told] == [
        (first, True, ""),
        (second, False, "twice"),
    ]
    assert result.discount == D("8.00")


def test_what_cannot_be_used_changes_nothing(automatic, coded, alice, bob, now):
    ended = CouponFactory(created_at=now, expires_at=now - timedelta(days=1)).code
    hers = CouponFactory(created_at=now, customer=alice, assigned_at=now).code
    used = CouponFactory(created_at=now, used=1).code
    result, told = judge(["NOSUCHCODE", ended, hers, used], cart("30.00"), customer=bob, now=now)
    assert [(one.reason, one.promotion, one.detail) for one in told] == [
        *[("invalid_code", "", "")] * 3,
        ("exhausted", "", ""),
    ]
    assert (result.applied, result.total) == (("ten",), D("27.00"))


def test_judging_counts_nothing(automatic, coded, now):
    judge([coded()], cart("30.00"), customer=None, now=now)
    assert set(Promotion.objects.values_list("used", "spent")) == {(0, D(0))}
    assert list(Coupon.objects.values_list("used", flat=True)) == [0]


def test_a_code_whose_conditions_do_not_hold(automatic, coded, now):
    code = coded(conditions=[{"kind": "basket_amount", "min": "50.00"}])
    _result, [told] = judge([code], cart("30.00"), customer=None, now=now)
    assert (told.applies, told.reason, told.promotion) == (False, "ineligible", "five")
    assert told.detail == "The cart is 20.00 USD short."
