"""A code over REST from validation to roll-back, and who guesses codes."""

import time
from datetime import UTC, datetime

import pytest

from campaigns.coupons.api import till
from campaigns.coupons.models import Coupon, Redemption
from tests.campaigns.api.bodies import shown, usd
from tests.factories.coupons import CouponFactory, PoolFactory
from tests.factories.customers import make_customer
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_code_from_validation_to_roll_back(call):
    coupon = CouponFactory(created_at=NOW)
    valid = call("/coupons/validate", shown(f" {coupon.code.lower()} "))
    assert valid.json() == {"valid": True, "discount": usd("1.00"), "reason": None, "detail": None}
    assert call("/coupons/reserve", shown(coupon.code, minutes=5)).status_code == 200
    first, again = (call("/coupons/redeem/", shown(coupon.code)) for _n in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.json()["replayed"], again.json()["replayed"]) == (False, True)
    assert first.json()["discount"] == again.json()["discount"] == usd("1.00")
    other = call("/coupons/redeem", shown(coupon.code, order="o2"))
    assert (other.status_code, other.json()["reason"]) == (409, "exhausted")
    back = {"code": coupon.code, "order": {"id": "o1"}}
    assert [call("/coupons/rollback", back).status_code for _n in range(2)] == [200, 200]
    assert Coupon.objects.get(pk=coupon.pk).used == 0
    assert call("/coupons/redeem", shown(coupon.code)).json()["reason"] == "rolled_back"


def test_unknown_expired_and_foreign_codes_answer_alike(call):
    alice = make_customer("alice", now=NOW)
    make_customer("bob", now=NOW)
    expired = CouponFactory(created_at=NOW, expires_at=NOW)
    foreign = CouponFactory(created_at=NOW, customer=alice)
    answers = [
        call("/coupons/validate", shown(code, customer="bob")).json()
        for code in ("NOSUCHCODE", "'; DROP TABLE", expired.code, foreign.code)
    ]
    assert answers[0]["reason"] == "invalid_code"
    assert all(answer == answers[0] for answer in answers)
    refusals = [
        call("/coupons/redeem", shown(code, customer="bob"))
        for code in ("NOSUCHCODE", expired.code, foreign.code)
    ]
    assert {answer.status_code for answer in refusals} == {409}
    assert all(answer.json() == refusals[0].json() for answer in refusals)
    assert call("/coupons/validate", shown(foreign.code, customer="alice")).json()["valid"]


def test_a_code_is_used_beside_the_promotions_of_the_cart(call):
    PromotionFactory(created_at=NOW, slug="ten", needs_code=False)
    benefit = {"kind": "amount", "amount": "0.50"}
    pool = PoolFactory(
        created_at=NOW, promotion=PromotionFactory(created_at=NOW, slug="half", benefit=benefit)
    )
    code = CouponFactory(created_at=NOW, pool=pool).code
    refused = call("/coupons/redeem", shown(code, codes=[]))
    assert (refused.status_code, refused.json()["type"]) == (409, "/api/problems#outdone")
    assert refused.json()["detail"] == "“ten” is the better one."
    told = call("/coupons/validate", shown(code, codes=[code])).json()
    assert (told["valid"], told["reason"]) == (False, "outdone")
    assert call("/coupons/redeem", shown(code)).json()["discount"] == usd("0.50")


def test_codes_beside_one_are_no_way_to_guess(call):
    coupon = CouponFactory(created_at=NOW, limit=1000)
    guesses = [
        call("/coupons/redeem", shown(coupon.code, customer="mallory", codes=[f"GUESS{n}"])).status_code
        for n in range(11)
    ]
    assert guesses == [409] * 10 + [429]
    assert not Redemption.objects.exists()


@pytest.mark.parametrize("codes", ["TEN", ["x"] * 6, [1, {}], [None], [["TEN"]], ["x" * 101], {"a": 1}])
def test_strange_codes_are_a_sentence(call, codes):
    coupon = CouponFactory(created_at=NOW)
    answer = call("/coupons/redeem", shown(coupon.code, codes=codes))
    assert answer.status_code == 400, answer.json()
    assert not Redemption.objects.exists()


def test_guessing_is_held_up_and_a_busy_till_is_not(call):
    coupon = CouponFactory(created_at=NOW, limit=1000)
    for n in range(70):
        assert call("/coupons/validate", shown(coupon.code, order=f"o{n}")).status_code == 200
    codes = [call("/coupons/validate", shown(f"GUESS{n}")).status_code for n in range(61)]
    assert codes == [200] * 60 + [429]
    held = call("/coupons/redeem", shown(coupon.code))
    assert held.status_code == 429
    assert int(held["Retry-After"]) <= 61
    assert not Redemption.objects.exists()


def test_a_guesser_is_held_up_and_nobody_else(call):
    coupon = CouponFactory(created_at=NOW, limit=1000)
    guesses = [
        call(
            "/coupons/validate", shown(f"GUESS{n}", customer="mallory", shopper_ip="203.0.113.9")
        ).status_code
        for n in range(11)
    ]
    assert guesses == [200] * 10 + [429]
    assert call("/coupons/redeem", shown(coupon.code, customer="mallory")).status_code == 429
    assert call("/coupons/redeem", shown(coupon.code, shopper_ip="203.0.113.9")).status_code == 429
    assert call("/coupons/redeem", shown(coupon.code, customer="alice")).status_code == 200
    assert call("/coupons/validate", shown("X", shopper_ip="nowhere")).status_code == 400


def test_unknown_and_expired_codes_take_the_same_time(call, monkeypatch):
    monkeypatch.setattr(till, "MISS_SECONDS", 0.4)
    expired = CouponFactory(created_at=NOW, expires_at=NOW)

    def seconds(code):
        # The best of three: another process may have the machine for a while.
        taken = []
        for _n in range(3):
            start = time.perf_counter()
            assert not call("/coupons/validate", shown(code)).json()["valid"]
            taken.append(time.perf_counter() - start)
        return min(taken)

    unknown, known = seconds("NOSUCHCODE"), seconds(expired.code)
    assert min(unknown, known) >= 0.4
    assert abs(unknown - known) < 0.1
