"""A code used beside everything else on the cart: what evaluate told is redeemed, or why it is refused."""

from decimal import Decimal

import pytest

from campaigns.coupons.models import Coupon, Redemption
from campaigns.coupons.services import Order, Refused, redeem, reserve, validate
from campaigns.coupons.services.joining import judge
from campaigns.promotions.models import Promotion
from core.money import Money
from tests.factories.coupons import CouponFactory
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
D = Decimal


def test_what_is_redeemed_is_what_was_told_of_the_whole_cart(coded, order, now):
    large = {"kind": "amount", "amount": "25.00"}
    PromotionFactory(
        created_at=now, slug="large", needs_code=False, stacking="always", priority=9, benefit=large
    )
    code = coded("10.00", stacking="always")
    told = judge([code], order("", "30.00"), customer=None, now=now)[1][0]
    assert told.discount == D("5.00")  # nothing more is left of the cart
    asked = {"customer": None, "order": order("o1", "30.00"), "now": now}
    assert validate(code, **asked, codes=[]) == Money(D("5.00"), "USD")
    assert validate(code, **asked) == Money(D("10.00"), "USD")
    assert redeem(code, **asked, codes=[code]).discount == Money(D("5.00"), "USD")
    assert Redemption.objects.get().discount == D("5.00")
    assert Promotion.objects.get(slug="five").spent == D("5.00")
    assert redeem(code, **asked, codes=[code]).replayed


def test_a_code_that_loses_to_a_better_offer_is_refused_and_nothing_is_counted(automatic, coded, order, now):
    code = coded()
    asked = {"customer": None, "order": order("o1", "80.00"), "now": now, "codes": []}
    for use in (validate, reserve, redeem):
        with pytest.raises(Refused) as refused:
            use(code, **asked)
        assert (refused.value.reason, refused.value.detail) == ("outdone", "“ten” is the better one.")
    assert (Coupon.objects.get(code=code).used, Redemption.objects.count()) == (0, 0)
    # By itself it is taken, as before.
    assert redeem(code, **(asked | {"codes": None})).discount == Money(D("5.00"), "USD")


def test_conditions_are_refused_with_what_the_cart_lacks(automatic, coded, order, now):
    code = coded(conditions=[{"kind": "basket_amount", "min": "50.00"}])
    with pytest.raises(Refused) as refused:
        redeem(code, customer=None, order=order("o1", "30.00"), now=now, codes=[code])
    assert (refused.value.reason, refused.value.detail) == ("ineligible", "The cart is 20.00 USD short.")


def test_the_second_of_two_codes_is_valued_beside_the_first_after_that_was_used(coded, order, now):
    first = coded("5.00", "five", stacking="always", limit=1)
    half = {"kind": "percent", "percent": "50"}
    second = coded(slug="half", stacking="always", benefit=half)
    codes = [first, second]
    told = judge(codes, order("", "30.00"), customer=None, now=now)[1]
    asked = {"customer": None, "order": order("o1", "30.00"), "now": now, "codes": codes}
    assert [redeem(code, **asked).discount.amount for code in codes] == [one.discount for one in told]
    # The first is used up everywhere else.
    _result, [again, _other] = judge(codes, order("o2", "30.00"), customer=None, now=now)
    assert (again.applies, again.reason) == (False, "exhausted")


def test_a_reserved_use_is_left_for_its_own_order(automatic, coded, order, now):
    code = coded(stacking="always")
    asked = {"customer": None, "order": order("o1", "30.00"), "now": now, "codes": [code]}
    reserve(code, **asked)
    with pytest.raises(Refused, match="exhausted"):
        redeem(code, **(asked | {"order": order("o2", "30.00")}))
    assert redeem(code, **asked).discount == Money(D("5.00"), "USD")


def test_two_codes_of_one_offer_and_codes_that_do_not_exist(coded, order, now):
    first = coded(stacking="always")
    second = CouponFactory(created_at=now, pool=Coupon.objects.get(code=first).pool).code
    asked = {"customer": None, "order": order("o1", "30.00"), "now": now}
    with pytest.raises(Refused, match="twice"):
        redeem(second, **asked, codes=[first, second])
    with pytest.raises(Refused, match="invalid_code"):
        redeem(first, **asked, codes=[first, "NOSUCHCODE"])
    assert not Redemption.objects.exists()


def test_the_code_is_found_among_the_others_as_people_type_it(coded, now):
    code = coded(stacking="always")
    typed = f" {code[:4].lower()}-{code[4:]} "
    cart = Order("o1", [{"sku": "milk", "quantity": D(1), "price": D("30.00")}], "USD")
    assert redeem(code, customer=None, order=cart, now=now, codes=[typed]).discount.amount == D("5.00")
