"""What shops tell by Segment's e-commerce specification, and the exact rows it becomes."""

from decimal import Decimal

import pytest

from events.models import Event
from tests.integrations.segment_calls.calls import ORDER, PRODUCT, rows, track


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Product Viewed", "view"),
        ("Viewed Product", "view"),
        ("product viewed", "view"),
        ("Product Added", "add_to_cart"),
        ("Product Removed", "remove_from_cart"),
        ("Product Shared", "share"),
    ],
)
def test_products_are_recognised(server, name, kind):
    assert server.post("track", track(name, PRODUCT)).status_code == 200
    assert rows() == [
        ("segment", "m1", kind, "u1", "G-32", None, Decimal("1.000"), Decimal("18.99")),
    ]
    assert Event.objects.get().properties == {k: v for k, v in PRODUCT.items() if k != "sku"}


def test_a_product_is_known_by_its_sku_then_by_its_id(server):
    server.post("track", track("Product Viewed", {"product_id": 77}))
    assert rows()[0][4] == "77"


def test_a_view_of_nothing_is_kept_under_its_name(server):
    server.post("track", track("Product Viewed", {"url": "https://shop.example/x"}))
    assert rows()[0][2] == "custom"
    assert Event.objects.get().properties["name"] == "Product Viewed"


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("Order Refunded", {"products": [{"sku": "a", "price": 1}]}),
        ("Product Reviewed", {"sku": "a", "rating": "5"}),
    ],
)
def test_what_lacks_its_main_thing_is_kept_under_its_name(server, name, properties):
    assert server.post("track", track(name, properties)).status_code == 200
    event = Event.objects.get()
    assert (event.type, event.properties["name"]) == ("custom", name)


def test_a_review(server):
    body = {"product_id": "a", "review_id": "r", "review_body": "I love it", "rating": "5"}
    server.post("track", track("Product Reviewed", body))
    event = Event.objects.get()
    assert (event.type, event.product.sku, event.properties["text"]) == ("review", "a", "I love it")


def test_a_search(server):
    server.post("track", track("Products Searched", {"query": "blue roses"}))
    event = Event.objects.get()
    assert (event.type, event.properties) == ("search", {"search": "blue roses"})


def test_an_order_is_one_event_a_line(server):
    server.post("track", track("Order Completed", ORDER))
    assert rows() == [
        ("segment", "m1:0", "purchase", "u1", "45790-32", "50314b8e", Decimal(1), Decimal("19.00")),
        ("segment", "m1:1", "purchase", "u1", "46493-32", "50314b8e", Decimal(2), Decimal("6.00")),
    ]
    assert Event.objects.get(message_id="m1:1").properties["coupon"] == "hasbros"


def paid():
    found = Event.objects.order_by("message_id").values_list("amount", "discount")
    return [(f"{a:.2f}", None if d is None else f"{d:.2f}") for a, d in found]


def test_the_orders_discount_is_shared_out(server):
    server.post("track", track("Order Completed", ORDER | {"discount": 2.5}))
    assert paid() == [("17.10", "1.90"), ("5.40", "0.60")]
    assert Event.objects.first().properties["discount"] == 2.5


def test_discounts_of_lines_count_towards_the_orders(server):
    first, second = ORDER["products"]
    products = [first | {"discount": "9.00"}, second]
    server.post("track", track("Order Completed", ORDER | {"discount": 10, "products": products}))
    # One dollar is left for both: 10 to 6.
    assert paid() == [("9.37", "9.63"), ("5.63", "0.37")]


@pytest.mark.parametrize("discount", [-1, "free", 10**6, None, 0])
def test_a_discount_never_takes_more_than_there_is(server, discount):
    server.post("track", track("Order Completed", ORDER | {"discount": discount}))
    much = discount == 10**6
    assert paid() == ([("0.00", "19.00"), ("0.00", "6.00")] if much else [("19.00", None), ("6.00", None)])


def test_an_order_without_products_keeps_its_discount(server):
    server.post("track", track("Order Completed", {"order_id": "o1", "total": 9, "discount": 1}))
    assert paid() == [("9.00", "1.00")]


def test_an_order_without_products_is_one_event(server):
    server.post("track", track("Order Completed", {"order_id": "o1", "total": "12.5"}))
    assert rows() == [("segment", "m1", "purchase", "u1", None, "o1", None, Decimal("12.50"))]


def test_a_checkout_is_one_event_with_its_products(server):
    server.post("track", track("Checkout Started", ORDER))
    assert rows() == [("segment", "m1", "checkout", "u1", None, "50314b8e", None, Decimal("25.00"))]
    assert Event.objects.get().properties["products"] == ORDER["products"]


@pytest.mark.parametrize(("name", "kind"), [("Order Refunded", "refund"), ("Order Cancelled", "cancel")])
def test_what_is_taken_back(server, name, kind):
    server.post("track", track(name, {"order_id": "o1"}))
    assert rows() == [("segment", "m1", kind, "u1", None, "o1", None, None)]


@pytest.mark.parametrize("price", ["$19.00", -1, "NaN", None, True, [], "9" * 30])
def test_a_price_that_is_none_counts_nothing(server, price):
    server.post("track", track("Product Viewed", {"sku": "a", "price": price}))
    assert rows()[0][4:] == ("a", None, None, None)
