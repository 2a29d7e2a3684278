"""Many tills at once, on a real PostgreSQL: no limit is ever passed, and counters equal rows."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections
from django.db.models import Sum

from campaigns.coupons import pools, services
from campaigns.coupons.models import Coupon, Redemption
from campaigns.promotions.models import BudgetEntry
from tests.factories.coupons import CouponFactory, PoolFactory
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db(transaction=True)

TILLS = 20


@pytest.fixture(autouse=True)
def partitions(now, alice):
    """Have the month's partition there, as the daily task does, so that tills do not all make it."""
    pool = PoolFactory(created_at=now)
    pools.generate_codes(pool, 1, now=now)
    pools.assign(pool, [alice.pk], reference="warm-up", now=now)


def at_once(call, arguments) -> Counter:
    """Run the calls on many connections and count how they ended."""

    def one(argument):
        try:
            call(argument)
        except services.Refused as refusal:
            return refusal.reason
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(TILLS) as tills:
        ended = Counter(tills.map(one, arguments))
    connections.close_all()
    return ended


@pytest.mark.parametrize("turn", range(5))
def test_200_uses_of_a_code_for_50(now, alice, order, turn):
    coupon = CouponFactory(created_at=now, limit=50)
    ended = at_once(
        lambda n: services.redeem(coupon.code, customer=alice, order=order(f"o{n}"), now=now), range(200)
    )
    assert ended == {"done": 50, "exhausted": 150}
    coupon.refresh_from_db()
    assert coupon.used == Redemption.objects.count() == 50


def test_one_of_fifty_wins_a_single_use(now, alice, order):
    coupon = CouponFactory(created_at=now)
    ended = at_once(
        lambda n: services.redeem(coupon.code, customer=alice, order=order(f"o{n}"), now=now), range(50)
    )
    assert ended == {"done": 1, "exhausted": 49}
    assert Redemption.objects.count() == 1


def test_one_customer_a_hundred_times_on_one_order(now, alice, order):
    coupon = CouponFactory(created_at=now, limit=1000)
    ended = at_once(
        lambda n: services.redeem(coupon.code, customer=alice, order=order("the-one"), now=now), range(100)
    )
    assert ended == {"done": 100}
    coupon.refresh_from_db()
    assert coupon.used == Redemption.objects.count() == 1


def test_a_limit_per_customer_under_pressure(now, alice, order):
    promotion = PromotionFactory(created_at=now, limit_per_customer=3)
    pool = PoolFactory(promotion=promotion, created_at=now)
    pools.import_codes(pool, [f"CODE{n}" for n in range(40)], now=now, limit=2)
    ended = at_once(
        lambda n: services.redeem(f"CODE{n}", customer=alice, order=order(f"o{n}"), now=now), range(40)
    )
    assert ended == {"done": 3, "exhausted": 37}
    assert Coupon.objects.filter(pool=pool, used=1).count() == 3


def test_a_budget_of_30_is_never_passed(now, alice, order):
    promotion = PromotionFactory(
        created_at=now, benefit={"kind": "amount", "amount": "1.00"}, budget=Decimal("30.00")
    )
    pool = PoolFactory(promotion=promotion, created_at=now)
    pools.generate_codes(pool, 100, now=now)
    codes = list(pool.coupons.values_list("code", flat=True))
    ended = at_once(lambda code: services.redeem(code, customer=alice, order=order(code), now=now), codes)
    assert ended == {"done": 30, "exhausted": 70}
    promotion.refresh_from_db()
    assert promotion.spent == Decimal("30.00")
    assert BudgetEntry.objects.aggregate(s=Sum("amount"))["s"] == Decimal("30.00")
    assert Redemption.objects.count() == Coupon.objects.filter(used=1).count() == 30


def test_redeem_cancel_and_expiry_at_the_same_second(now, alice, order):
    coupon = CouponFactory(created_at=now, limit=5)
    later = now + timedelta(minutes=15)
    for n in range(5):
        services.reserve(coupon.code, customer=alice, order=order(f"r{n}"), now=now)

    def act(n):
        match n % 4:
            case 0:
                services.redeem(coupon.code, customer=alice, order=order(f"r{n % 5}"), now=later)
            case 1:
                services.roll_back(coupon.code, order_id=f"r{n % 5}", now=later)
            case 2:
                services.release_expired(now=later)
            case 3:
                services.reserve(coupon.code, customer=alice, order=order(f"x{n % 3}"), now=later)

    ended = at_once(act, range(80))
    assert set(ended) <= {"done", "exhausted", "rolled_back"}
    coupon.refresh_from_db()
    standing = Redemption.objects.filter(rolled_back_at=None)
    kept = coupon.reservations.filter(released_at=None)
    assert coupon.used == standing.count() + kept.count() <= 5
    promotion = coupon.pool.promotion
    promotion.refresh_from_db()
    assert promotion.used == standing.count()
    assert promotion.spent == sum((r.discount for r in standing), Decimal(0))


def test_two_workers_hand_out_each_code_once(now, make_customer):
    pool = PoolFactory(created_at=now)
    pools.generate_codes(pool, 300, now=now)
    people = [make_customer(f"c{n}").pk for n in range(200)]
    # Every person is in two overlapping batches.
    batches = [people[n : n + 40] for n in range(0, 200, 20)]
    ended = at_once(lambda batch: pools.assign(pool, batch, reference="spring", now=now), batches)
    assert ended == {"done": 10}
    held = Coupon.objects.filter(pool=pool, customer__isnull=False)
    assert held.count() == held.values("customer").distinct().count() == 200
