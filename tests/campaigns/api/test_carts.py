"""Carts over REST: good ones, hostile ones, and what is explained."""

from datetime import UTC, datetime

import pytest

from campaigns.coupons.models import Redemption
from tests.campaigns.api.bodies import line, usd
from tests.factories.coupons import CouponFactory, PoolFactory
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


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
