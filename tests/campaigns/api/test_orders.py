"""Orders, refunds and pools over REST, and who may call."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Scope
from campaigns.coupons.models import Coupon
from campaigns.promotions.models import Promotion
from tests.campaigns.api.bodies import line, shown, usd
from tests.factories.coupons import CouponFactory, PoolFactory
from tests.factories.customers import make_customer
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_promotions_on_an_order_from_reservation_to_refund(call):
    PromotionFactory(created_at=NOW, slug="ten", needs_code=False, limit=1)
    body = {"order": {"id": "o1", "lines": [line()]}}
    kept = call("/promotions/reserve", body | {"minutes": 5})
    assert (kept.status_code, kept.json()["state"], kept.json()["result"]["applied"]) == (
        200,
        "reserved",
        ["ten"],
    )
    other = {"order": {"id": "o2", "lines": [line()]}}
    assert call("/promotions/redeem", other).json()["result"]["not_applied"][0]["code"] == "limit"
    used = [call("/promotions/redeem", body).json() for _n in range(2)]
    assert [u["replayed"] for u in used] == [False, True]
    assert used[0]["result"] == used[1]["result"] == kept.json()["result"]
    changed = call("/promotions/redeem", {"order": {"id": "o1", "lines": [line("11.00")]}})
    assert (changed.status_code, changed.json()["type"]) == (409, "/api/problems#order-closed")
    back = {"order": {"id": "o1"}}
    half = back | {"refund": {"id": "r1", "amount": usd("5.00")}}
    assert [call("/promotions/rollback", half).status_code for _n in range(2)] == [200, 200]
    assert Promotion.objects.get().spent == Decimal("0.50")
    more = back | {"refund": {"id": "r2", "amount": usd("5.01")}}
    assert call("/promotions/rollback", more).json()["type"] == "/api/problems#invalid-refund"
    assert [call("/promotions/rollback", back).status_code for _n in range(2)] == [200, 200]
    assert Promotion.objects.get().spent == 0
    assert call("/promotions/rollback", {"order": {"id": "o9"}}).status_code == 404


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1e308", "0.00001", {"$gt": 0}, True, None])
@pytest.mark.parametrize("path", ["/promotions/rollback", "/coupons/rollback"])
def test_hostile_refunds_change_nothing(call, path, amount):
    coupon = CouponFactory(created_at=NOW)
    call("/coupons/redeem", shown(coupon.code))
    body = {"order": {"id": "o1"}, "refund": {"id": "r", "amount": {"amount": amount, "currency": "USD"}}}
    assert call(path, body | ({"code": coupon.code} if "coupons" in path else {})).status_code == 400
    assert Promotion.objects.get().spent == Decimal("1.00")


def test_what_somebody_can_use_now(call):
    alice = make_customer("alice", now=NOW)
    ends = datetime(2100, 1, 1, tzinfo=UTC)
    flash = PromotionFactory(
        created_at=NOW, slug="flash", needs_code=False, limit=9, ends_at=ends,
        conditions=[{"kind": "basket_amount", "min": "30.00"}, {"kind": "channel", "any": ["app"]}],
    )  # fmt: skip
    PromotionFactory(
        created_at=NOW, slug="first", needs_code=False, conditions=[{"kind": "tier", "any": ["gold"]}]
    )
    PromotionFactory(created_at=NOW, slug="euro", needs_code=False, currency="EUR")
    coupon = CouponFactory(created_at=NOW, customer=alice)
    CouponFactory(created_at=NOW, customer=make_customer("bob", now=NOW))
    mine = call("/offers?customer=alice&channel=app").json()["offers"]
    assert [(o["promotion"], o["still_needed"]) for o in mine] == [
        (coupon.pool.promotion.slug, []),
        ("flash", ["The cart is 30.00 USD short."]),
    ]
    assert mine[0]["code"].replace("-", "") == coupon.code
    assert (mine[1]["ends_at"], mine[1]["uses_left"]) == ("2100-01-01T00:00:00Z", flash.limit)
    assert call("/offers").json() == {"offers": []}
    assert [o["promotion"] for o in call("/offers?currency=EUR").json()["offers"]] == ["euro"]
    assert call("/offers?colour=red").status_code == 400


def test_pools_tell_their_stock_and_take_codes(call):
    pool = PoolFactory(
        created_at=NOW,
        promotion=PromotionFactory(created_at=NOW, benefit={"kind": "amount", "amount": "5.00"}),
    )
    taken = call(f"/coupons/pools/{pool.pk}/codes", {"codes": ["a-1", "A1", "", "ÄÖ", "b2"]})
    assert taken.json() == {
        "added": 2,
        "duplicates": 1,
        "invalid": [{"line": 4, "error": "A code has letters from A to Z and digits only."}],
    }
    Coupon.objects.filter(code="A1").update(customer=make_customer("alice", now=NOW))
    [standing] = call("/coupons/pools").json()
    assert {k: standing[k] for k in ("codes", "free", "assigned", "out", "given", "liability")} == {
        "codes": 2, "free": 1, "assigned": 1, "out": 1, "given": usd("0.00"), "liability": usd("5.00"),
    }  # fmt: skip
    started = call(f"/coupons/pools/{pool.pk}/codes", {"count": 5})
    assert (started.status_code, list(started.json())) == (202, ["job"])
    assert call(f"/coupons/pools/{pool.pk}/codes", {"count": 5, "codes": ["x"]}).status_code == 400
    assert call("/coupons/pools/00000000-0000-0000-0000-000000000000/codes", {"count": 5}).status_code == 404


def test_the_same_key_gives_the_same_answer(call):
    coupon = CouponFactory(created_at=NOW, limit=5)
    answers = [call("/coupons/redeem", shown(coupon.code), Idempotency_Key="abc") for _n in range(2)]
    assert answers[0].json() == answers[1].json()
    assert call("/coupons/redeem", shown(coupon.code, order="o2"), Idempotency_Key="abc").status_code == 422
    assert Coupon.objects.get(pk=coupon.pk).used == 1


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/promotions/evaluate", Scope.COUPONS_WRITE),
        ("/coupons/validate", Scope.COUPONS_WRITE),
        ("/promotions/reserve", Scope.COUPONS_READ),
        ("/promotions/redeem", Scope.COUPONS_READ),
        ("/promotions/rollback", Scope.COUPONS_READ),
        ("/coupons/redeem", Scope.COUPONS_READ),
        ("/coupons/reserve", Scope.COUPONS_READ),
        ("/coupons/rollback", Scope.COUPONS_READ),
        ("/campaigns", Scope.CAMPAIGNS_READ),
    ],
)
def test_a_key_without_the_scope_is_refused(call, path, scope):
    assert call(path, {}, scopes=(scope,)).status_code == 403
    assert Client().post(f"/api/v1{path}", {}, content_type="application/json").status_code == 401
