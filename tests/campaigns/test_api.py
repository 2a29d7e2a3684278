"""Offers and campaigns over REST: good calls, hostile ones, and who may call."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import AuditEntry, Scope
from campaigns.coupons.api import till
from campaigns.coupons.models import Coupon, Redemption
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from tests.factories.accounts import make_key
from tests.factories.campaigns import starter
from tests.factories.coupons import CouponFactory, PoolFactory
from tests.factories.customers import make_customer
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(till, "MISS_SECONDS", 0.0)


@pytest.fixture
def call():
    """Return a function that posts (or gets) with a key of all scopes."""
    cache.clear()
    keys = {}

    def send(path, body=None, *, scopes=tuple(Scope), **headers):
        secret = keys.setdefault(scopes, None) or make_key(f"k{len(keys)}", scopes)
        keys[scopes] = secret
        client = Client(raise_request_exception=False)
        headers = {
            "Authorization": f"Api-Key {secret}",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        if body is None:
            return client.get(f"/api/v1{path}", headers=headers)
        return client.post(f"/api/v1{path}", body, content_type="application/json", headers=headers)

    return send


def line(price="10.00", quantity=1, sku="milk", **more):
    return {"sku": sku, "quantity": quantity, "price": {"amount": price, "currency": "USD"}, **more}


def usd(amount):
    return {"amount": amount, "currency": "USD"}


def shown(code, order="o1", customer=None, **more):
    return {"code": code, "customer": customer, "order": {"id": order, "lines": [line()]}, **more}


def test_a_cart_is_explained(call):
    PromotionFactory(created_at=NOW, slug="ten", needs_code=False)
    PromotionFactory(
        created_at=NOW,
        slug="first",
        needs_code=False,
        conditions=[{"kind": "first_order"}],
        stacking="always",
    )
    PromotionFactory(created_at=NOW, slug="secret", needs_code=True)
    answer = call("/promotions/evaluate", {"lines": [line("10.00", 2), line("0.25", sku="gum")]})
    assert answer.status_code == 200
    assert answer.json() == {
        "lines": [
            {
                "sku": "milk",
                "subtotal": usd("20.00"),
                "discounts": [{"promotion": "ten", "amount": usd("2.00"), "reason": "10% off"}],
                "total": usd("18.00"),
                "lowest_30_days": None,
            },
            {
                "sku": "gum",
                "subtotal": usd("0.25"),
                "discounts": [{"promotion": "ten", "amount": usd("0.03"), "reason": "10% off"}],
                "total": usd("0.22"),
                "lowest_30_days": None,
            },
        ],
        "applied": ["ten"],
        "not_applied": [
            {
                "promotion": "first",
                "code": "condition",
                "reason": "This offer is for a customer's first order; say who the customer is.",
            }
        ],
        "codes": [],
        "free_shipping": False,
        "gifts": [],
        "points": [],
        "deposits": [],
        "prices": "gross",
        "subtotal": usd("20.25"),
        "discount": usd("2.03"),
        "total": usd("18.22"),
        "search": {"complete": True, "branches": 0},
    }


@pytest.mark.parametrize(
    "bad",
    [
        {"price": usd("-1")},
        {"price": usd("NaN")},
        {"price": usd("Infinity")},
        {"price": usd("1e308")},
        {"price": usd("1.00001")},
        {"price": {"amount": "1", "currency": "usd"}},
        {"price": {"amount": "1", "currency": ["USD"]}},
        {"price": {"amount": {"$gt": 0}, "currency": "USD"}},
        {"price": {"amount": "1"}},
        {"price": None},
        {"price": []},
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": "NaN"},
        {"quantity": 1e308},
        {"quantity": True, "sku": None},
        {"sku": "a\0b"},
        {"sku": ""},
        {"colour": "red"},
    ],
)
@pytest.mark.parametrize("path", ["/promotions/evaluate", "/coupons/redeem"])
def test_hostile_lines_are_named_and_change_nothing(call, path, bad):
    coupon = CouponFactory(created_at=NOW)
    body = {"lines": [line() | bad]}
    if path == "/coupons/redeem":
        body = {"code": coupon.code, "order": {"id": "o1", **body}}
    answer = call(path, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert "lines" in str(answer.json()["errors"])
    assert not Redemption.objects.exists()


@pytest.mark.parametrize("body", ["[]", "5", "null", '"x"', "{", '{"lines": {}}', '{"lines": NaN}', "\x00"])
def test_what_is_no_cart_is_refused(call, body):
    assert call("/promotions/evaluate", body).status_code == 400


def test_other_currencies_are_kept_apart(call):
    PromotionFactory(created_at=NOW, slug="ten", needs_code=False)
    euros = {"sku": "milk", "quantity": "1.5", "price": {"amount": "10.00", "currency": "EUR"}}
    answer = call("/promotions/evaluate", {"lines": [euros]}).json()
    assert (answer["applied"], answer["not_applied"][0]["code"]) == ([], "currency")
    assert answer["total"] == {"amount": "15.00", "currency": "EUR"}
    assert call("/promotions/evaluate", {"lines": [euros, line()]}).status_code == 400


def test_a_code_is_judged_together_with_what_applies_by_itself(call):
    PromotionFactory(created_at=NOW, slug="ten", needs_code=False)
    five = PromotionFactory(created_at=NOW, slug="five", benefit={"kind": "amount", "amount": "5.00"})
    code = CouponFactory(created_at=NOW, pool=PoolFactory(created_at=NOW, promotion=five)).code
    body = {"lines": [line("15.00", 2)], "codes": [f" {code.lower()} ", "NOSUCHCODE"]}
    answer = call("/promotions/evaluate", body).json()
    assert (answer["applied"], answer["total"]) == (["five"], usd("25.00"))
    assert answer["codes"] == [
        {
            "code": body["codes"][0].strip(), "applies": True, "promotion": "five", "reason": None,
            "detail": None, "discount": usd("5.00"), "saves": usd("2.00"), "replaces": ["ten"],
        },
        {
            "code": "NOSUCHCODE", "applies": False, "promotion": None, "reason": "invalid_code",
            "detail": None, "discount": usd("0.00"), "saves": usd("0.00"), "replaces": [],
        },
    ]  # fmt: skip
    assert call("/promotions/evaluate", body | {"codes": ["x"] * 6}).status_code == 400
    assert not Redemption.objects.exists()


def test_guessing_by_way_of_a_cart_is_held_up(call):
    body = {"lines": [line()], "customer": "mallory", "codes": ["NOSUCHCODE"]}
    answers = [call("/promotions/evaluate", body).status_code for _n in range(12)]
    assert answers == [200] * 10 + [429] * 2
    assert call("/promotions/evaluate", {"lines": [line()], "customer": "mallory"}).status_code == 200
    assert call("/promotions/evaluate", body | {"customer": "alice"}).status_code == 200


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


def test_a_campaign_is_planned_launched_held_and_read(call):
    starter("coupon", now=NOW)
    pool = PoolFactory(created_at=NOW, promotion=PromotionFactory(created_at=NOW, budget=Decimal("99.00")))
    make_customer("alice", now=NOW, email="alice@demo.invalid")
    body = {
        "slug": "spring",
        "name": "Spring",
        "kind": "coupon",
        "template": "A coupon for you",
        "pool": str(pool.pk),
    }
    made = call("/campaigns", body)
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    assert call("/campaigns", body).status_code == 400
    assert call("/campaigns", body | {"slug": "s", "state": "running"}).status_code == 400
    assert call("/campaigns", body | {"slug": "s", "template": "none"}).status_code == 400
    key = made.json()["id"]
    assert call(f"/campaigns/{key}/launch", {}).json()["state"] == "running"
    assert call(f"/campaigns/{key}/pause", {}).json()["state"] == "paused"
    report = call(f"/campaigns/{key}/report").json()
    assert (report["audience"], report["pending"]) == (1, 1)
    parts = ("pending", "claimed", "sending", "sent", "failed", "skipped", "held_out", "uncertain")
    assert sum(report[part] for part in parts) == report["audience"]
    assert call(f"/campaigns/{key}/resume", {}).json()["state"] == "running"
    assert call(f"/campaigns/{key}/cancel", {}).json()["state"] == "cancelled"
    again = call(f"/campaigns/{key}/resume", {})
    assert (again.status_code, again.json()["type"]) == (409, "/api/problems#campaign-not-ready")
    assert [c["slug"] for c in call("/campaigns").json()["results"]] == ["spring"]
    assert AuditEntry.objects.filter(actor__startswith="API key", action="launch_campaign").count() == 1


def test_an_unready_campaign_is_told_what_is_missing(call):
    made = call("/campaigns", {"slug": "x", "name": "X", "kind": "email"}).json()
    answer = call(f"/campaigns/{made['id']}/launch", {})
    assert (answer.status_code, answer.json()["problems"]) == (409, ["Choose the content of the mail."])
    assert Campaign.objects.get().state == "draft"
    assert call("/campaigns/nonsense/launch", {}).status_code == 404
    assert call("/campaigns/01990000-0000-7000-8000-000000000000/report").status_code == 404
