"""The life of a code, one step at a time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from campaigns.coupons import pools, services
from campaigns.coupons.models import Coupon, Redemption
from campaigns.coupons.services import Refused
from campaigns.promotions.models import BudgetEntry, Promotion
from core.money import Money
from events.models import Event
from tests.factories.coupons import CouponFactory, PoolFactory
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def coupon(now) -> Coupon:
    return CouponFactory(created_at=now)


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value.reason


def test_validating_says_the_discount_and_changes_nothing(coupon, alice, order, now):
    discount = services.validate(coupon.code.lower(), customer=alice, order=order("1"), now=now)
    assert discount == Money(Decimal("1.00"), "USD")
    coupon.refresh_from_db()
    assert coupon.used == 0
    assert not Redemption.objects.exists()


def test_unknown_expired_and_another_persons_code_answer_alike(coupon, alice, bob, order, now):
    assert (
        refusal(services.validate, "NOSUCHCODE", customer=alice, order=order("1"), now=now) == "invalid_code"
    )
    Coupon.objects.update(customer=bob)
    assert refusal(services.redeem, coupon.code, customer=alice, order=order("1"), now=now) == "invalid_code"
    assert refusal(services.redeem, coupon.code, customer=None, order=order("1"), now=now) == "invalid_code"
    Coupon.objects.update(customer=alice, expires_at=now)
    assert refusal(services.redeem, coupon.code, customer=alice, order=order("1"), now=now) == "invalid_code"
    Promotion.objects.update(ends_at=now)
    Coupon.objects.update(expires_at=None)
    assert refusal(services.redeem, coupon.code, customer=alice, order=order("1"), now=now) == "invalid_code"
    assert not Redemption.objects.exists()


def test_redeeming_counts_once_and_a_replay_counts_nothing(coupon, alice, order, now):
    first = services.redeem(coupon.code, customer=alice, order=order("1"), now=now)
    again = services.redeem(coupon.code, customer=alice, order=order("1"), now=now + timedelta(hours=1))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.redeemed_at == first.redeemed_at
    assert again.discount == first.discount == Money(Decimal("1.00"), "USD")
    coupon.refresh_from_db()
    promotion = coupon.pool.promotion
    assert (coupon.used, promotion.used, promotion.spent) == (1, 1, Decimal("1.00"))
    assert list(BudgetEntry.objects.values_list("amount", flat=True)) == [Decimal("1.00")]
    event = Event.objects.get(type="coupon_redeemed")
    assert (event.customer_id, event.order_id, event.discount) == (alice.pk, "1", Decimal("1.00"))
    assert refusal(services.redeem, coupon.code, customer=alice, order=order("2"), now=now) == "exhausted"


def test_rolling_back_returns_everything_once(coupon, alice, order, now):
    services.redeem(coupon.code, customer=alice, order=order("1"), now=now)
    services.roll_back(coupon.code, order_id="1", now=now)
    services.roll_back(coupon.code, order_id="1", now=now)
    coupon.refresh_from_db()
    promotion = coupon.pool.promotion
    assert (coupon.used, promotion.used, promotion.spent) == (0, 0, Decimal("0.00"))
    assert sorted(BudgetEntry.objects.values_list("amount", flat=True)) == [Decimal("-1.00"), Decimal("1.00")]
    assert refusal(services.redeem, coupon.code, customer=alice, order=order("1"), now=now) == "rolled_back"
    assert not services.redeem(coupon.code, customer=alice, order=order("2"), now=now).replayed


def test_a_reservation_keeps_the_use_until_it_expires(coupon, alice, bob, order, now):
    services.reserve(coupon.code, customer=alice, order=order("1"), now=now, lasts=timedelta(minutes=15))
    soon, at_the_second = now + timedelta(minutes=14), now + timedelta(minutes=15)
    assert refusal(services.redeem, coupon.code, customer=bob, order=order("2"), now=soon) == "exhausted"
    assert refusal(services.reserve, coupon.code, customer=bob, order=order("2"), now=soon) == "exhausted"
    assert not services.redeem(coupon.code, customer=bob, order=order("2"), now=at_the_second).replayed
    assert (
        refusal(services.redeem, coupon.code, customer=alice, order=order("1"), now=at_the_second)
        == "exhausted"
    )
    coupon.refresh_from_db()
    assert coupon.used == Redemption.objects.count() == 1


def test_the_reserved_order_redeems_without_counting_twice(coupon, alice, order, now):
    services.reserve(coupon.code, customer=alice, order=order("1"), now=now)
    services.reserve(coupon.code, customer=alice, order=order("1"), now=now + timedelta(minutes=10))
    services.redeem(coupon.code, customer=alice, order=order("1"), now=now + timedelta(minutes=20))
    coupon.refresh_from_db()
    assert coupon.used == 1
    assert coupon.reservations.filter(released_at=None).count() == 0


def test_expired_reservations_are_given_back_by_the_sweep(coupon, alice, order, now):
    services.reserve(coupon.code, customer=alice, order=order("1"), now=now)
    assert services.release_expired(now=now + timedelta(minutes=14)) == 0
    assert services.release_expired(now=now + timedelta(minutes=15)) == 1
    assert services.release_expired(now=now + timedelta(minutes=16)) == 0
    coupon.refresh_from_db()
    assert coupon.used == 0


def test_a_cancelled_reservation_is_given_back(coupon, alice, order, now):
    services.reserve(coupon.code, customer=alice, order=order("1"), now=now)
    services.roll_back(coupon.code, order_id="1", now=now)
    services.roll_back(coupon.code, order_id="1", now=now)
    coupon.refresh_from_db()
    assert coupon.used == 0
    assert refusal(services.roll_back, coupon.code, order_id="9", now=now) == "invalid_code"


def test_what_does_not_fit_is_ineligible_and_says_why(alice, order, now):
    promotion = PromotionFactory(created_at=now, conditions=[{"kind": "basket_amount", "min": "12.00"}])
    coupon = CouponFactory(pool=PoolFactory(promotion=promotion, created_at=now), created_at=now)
    with pytest.raises(Refused) as caught:
        services.redeem(coupon.code, customer=alice, order=order("1"), now=now)
    assert (caught.value.reason, caught.value.detail) == ("ineligible", "The cart is 2.00 USD short.")
    assert (
        refusal(services.redeem, coupon.code, customer=alice, order=order("1", currency="EUR"), now=now)
        == "ineligible"
    )
    assert not Redemption.objects.exists()


def test_a_limit_per_customer_holds_over_all_codes(alice, bob, order, now):
    promotion = PromotionFactory(created_at=now, limit_per_customer=1)
    pool = PoolFactory(promotion=promotion, created_at=now)
    pools.import_codes(pool, ["ONE", "TWO"], now=now, limit=5)
    services.redeem("ONE", customer=alice, order=order("1"), now=now)
    assert refusal(services.redeem, "TWO", customer=alice, order=order("2"), now=now) == "exhausted"
    assert refusal(services.redeem, "TWO", customer=None, order=order("2"), now=now) == "ineligible"
    services.redeem("TWO", customer=bob, order=order("2"), now=now)
    promotion.refresh_from_db()
    assert promotion.used == Redemption.objects.count() == 2
    assert Coupon.objects.get(code="TWO").used == 1


def test_a_refund_gives_back_its_share_and_the_last_one_the_use(coupon, alice, order, now):
    services.redeem(coupon.code, customer=alice, order=order("1", quantity="3"), now=now)
    part = Money(Decimal("10.00"), "USD")
    for _n in range(2):
        services.refund(coupon.code, order_id="1", reference="r1", amount=part, now=now)
    promotion = Promotion.objects.get()
    assert (promotion.used, promotion.spent) == (1, Decimal("2.00"))
    with pytest.raises(ValueError, match="No more"):
        services.refund(coupon.code, order_id="1", reference="r2", amount=Money(Decimal(21), "USD"), now=now)
    services.refund(coupon.code, order_id="1", reference="r2", amount=part, now=now)
    services.roll_back(coupon.code, order_id="1", now=now)
    promotion.refresh_from_db()
    coupon.refresh_from_db()
    assert (promotion.used, promotion.spent, coupon.used) == (0, Decimal("0.00"), 0)
    assert sum(BudgetEntry.objects.values_list("amount", flat=True)) == 0
    assert (
        refusal(services.refund, coupon.code, order_id="1", reference="r3", amount=part, now=now)
        == "rolled_back"
    )


def test_a_limit_per_day_holds_and_comes_back(alice, bob, order, now):
    promotion = PromotionFactory(created_at=now, limit_per_day=1)
    pool = PoolFactory(promotion=promotion, created_at=now)
    pools.import_codes(pool, ["ONE"], now=now, limit=5)
    services.redeem("ONE", customer=alice, order=order("1"), now=now)
    assert refusal(services.redeem, "ONE", customer=bob, order=order("2"), now=now) == "exhausted"
    tomorrow = now + timedelta(days=1)
    assert services.validate("ONE", customer=bob, order=order("2"), now=tomorrow).amount == Decimal("1.00")
    services.roll_back("ONE", order_id="1", now=now)
    services.redeem("ONE", customer=bob, order=order("2"), now=now)
