"""Products over REST."""

from decimal import Decimal

import pytest

from catalog.models import Category, PriceChange, Product, StockChange
from tests.api.test_access import problem

TEA = {
    "name": "Green tea",
    "category": ["Grocery", "Tea"],
    "brand": "Leaf",
    "stock": 5,
    "price": {"amount": "3.50", "currency": "USD"},
    "attributes": {"g": 100},
    "url": "https://shop.example/tea",
}


def test_put_creates_then_replaces(alice):
    first = alice.call("PUT", "/api/v1/products/tea", TEA)
    assert first.status_code == 201
    assert {name: first.json()[name] for name in TEA} == TEA
    second = alice.call("PUT", "/api/v1/products/tea", {"name": "Tea"})
    assert second.status_code == 200
    body = second.json()
    assert (body["category"], body["price"], body["stock"], body["active"]) == (None, None, None, True)


def test_price_and_stock_leave_history_only_when_they_change(alice):
    alice.call("PUT", "/api/v1/products/tea", TEA)
    alice.call("PATCH", "/api/v1/products/tea", {"name": "Tea"})
    alice.call("PATCH", "/api/v1/products/tea", {"price": {"amount": "3.20", "currency": "USD"}, "stock": 4})
    assert list(PriceChange.objects.order_by("id").values_list("price", flat=True)) == [
        Decimal("3.50"),
        Decimal("3.20"),
    ]
    assert list(StockChange.objects.order_by("id").values_list("stock", flat=True)) == [5, 4]


def test_names_that_differ_in_case_are_one_category(alice):
    alice.call(
        "POST",
        "/api/v1/products",
        {
            "products": [
                {"sku": "a", "category": ["Grocery", "Tea"]},
                {"sku": "b", "category": ["GROCERY", "tea"]},
                {"sku": "c", "category": ["绿茶"]},
            ]
        },
    )
    assert list(Category.objects.values_list("path", flat=True)) == ["grocery", "grocery/tea", "绿茶"]
    assert Product.objects.get(sku="a").category == Product.objects.get(sku="b").category


def test_bulk_keeps_the_good_and_names_the_bad(alice):
    body = alice.call(
        "POST",
        "/api/v1/products",
        [
            {"sku": "a", "name": "A"},
            {"sku": "b/c"},
            {"sku": "d", "price": {"amount": "-1", "currency": "USD"}},
            {"sku": "a", "brand": "B"},
        ],
    ).json()
    assert body["accepted"] == 2
    assert [(r["index"], list(r["errors"])) for r in body["rejected"]] == [(1, ["sku"]), (2, ["price"])]
    product = Product.objects.get()
    assert (product.name, product.brand) == ("A", "B")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", 3.5),
        ("price", {"amount": "NaN", "currency": "USD"}),
        ("price", {"amount": "1", "currency": "usd"}),
        ("price", {"amount": "1e99", "currency": "USD"}),
        ("stock", 2**40),
        ("stock", "many"),
        ("url", "javascript:x"),
        ("category", "Tea"),
        ("category", ["x"] * 9),
        ("category", [""]),
        ("active", None),
        ("name", "\0"),
        ("colour", "green"),
    ],
)
def test_bad_fields_are_named(alice, field, value):
    body = problem(alice.call("PUT", "/api/v1/products/tea", {field: value}), 400)
    assert list(body["errors"]) == [field]
    assert not Product.objects.exists()


def test_unknown_products_are_404(alice):
    problem(alice.call("GET", "/api/v1/products/%00"), 404)
    problem(alice.call("PATCH", "/api/v1/products/none", {}), 404)


@pytest.mark.parametrize(
    "fields",
    [
        {"sku": 5}, {"sku": 5.0}, {"sku": True}, {"sku": ["a"]}, {"sku": {"a": 1}}, {"name": 7},
        {"stock": "5"}, {"stock": 5.5}, {"stock": True}, {"active": "yes"}, {"active": 1}, {"category": [1]},
        {"price": {"amount": "1e2", "currency": "USD"}}, {"price": {"amount": "1_0", "currency": "USD"}},
        {"price": {"amount": "１２", "currency": "USD"}}, {"price": {"amount": " 5", "currency": "USD"}},
        {"price": {"amount": "-1", "currency": "USD"}}, {"price": {"amount": True, "currency": "USD"}},
        {"price": {"amount": "1.234", "currency": "USD"}}, {"price": {"amount": 10**12, "currency": "USD"}},
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_an_error_of_its_row(alice, fields):
    rows = [{"sku": "good", "stock": 5.0}, {"sku": "odd", "name": "Odd"} | fields]
    answer = alice.call("POST", "/api/v1/products", rows).json()
    assert answer["accepted"] == 1
    assert [(r["index"], list(r["errors"])) for r in answer["rejected"]] == [(1, list(fields))]
    assert list(Product.objects.values_list("sku", "stock")) == [("good", 5)]


def test_numbers_are_rounded_to_what_is_kept(alice):
    price = {"amount": 0.1 + 0.2, "currency": "USD"}
    assert alice.call("PUT", "/api/v1/products/a", {"name": "A", "price": price}).status_code in (200, 201)
    assert alice.call("GET", "/api/v1/products/a").json()["price"] == {"amount": "0.30", "currency": "USD"}


def test_what_a_product_costs_the_shop_is_kept_and_cleared(alice):
    cost = {"amount": "1.10", "currency": "EUR"}
    assert alice.call("PUT", "/api/v1/products/tea", TEA | {"cost": cost}).json()["cost"] == cost
    assert alice.call("PATCH", "/api/v1/products/tea", {"name": "Tea"}).json()["cost"] == cost
    assert alice.call("PATCH", "/api/v1/products/tea", {"cost": None}).json()["cost"] is None
    stored = Product.objects.get(sku="tea")
    assert (stored.cost, stored.cost_currency, stored.price) == (None, "", Decimal("3.50"))
    bad = {"cost": {"amount": "-1", "currency": "EUR"}}
    assert alice.call("PATCH", "/api/v1/products/tea", bad).status_code == 400
