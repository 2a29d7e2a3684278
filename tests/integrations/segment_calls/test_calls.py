"""Calls as Segment's documentation and SDKs write them, and the exact rows they become."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core import clock
from customers.models import Customer
from events.models import Event, QuarantinedEvent
from tests.factories.customers import make_customer

WHEN = "2026-02-01T10:00:00.000Z"
AT = datetime(2026, 2, 1, 10, tzinfo=UTC)


def rows(**filters):
    return [
        (
            e.source,
            e.message_id,
            e.type,
            e.customer and e.customer.external_id,
            e.product and e.product.sku,
            e.order_id,
            e.quantity,
            e.amount,
        )
        for e in Event.objects.filter(**filters).select_related("customer", "product").order_by("message_id")
    ]


def track(event, properties=None, **fields):
    return {
        "userId": "u1",
        "event": event,
        "properties": properties or {},
        "messageId": "m1",
        "timestamp": WHEN,
    } | fields


def test_a_track_call_answers_as_segment_does(server):
    answer = server.post(
        "track", track("Item Purchased", {"name": "Leap to Conclusions Mat", "revenue": 14.99})
    )
    assert answer.status_code == 200
    assert answer.json() == {"success": True}
    event = Event.objects.get()
    assert (event.type, event.source, event.message_id) == ("custom", "segment", "m1")
    assert event.occurred_at == AT
    assert event.customer.external_id == "u1"
    assert event.properties == {
        "name": "Item Purchased",
        "label": "Leap to Conclusions Mat",
        "revenue": 14.99,
    }
    assert event.amount is None


PRODUCT = {
    "product_id": "507f1f77",
    "sku": "G-32",
    "category": "Games",
    "name": "A board game",
    "price": 18.99,
    "quantity": 1,
    "position": 3,
}


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


ORDER = {
    "order_id": "50314b8e",
    "revenue": 25.0,
    "currency": "USD",
    "coupon": "hasbros",
    "products": [
        {"product_id": "507f", "sku": "45790-32", "name": "A board game", "price": 19, "quantity": 1},
        {"product_id": "505b", "sku": "46493-32", "name": "A card game", "price": 3, "quantity": 2},
    ],
}


def test_an_order_is_one_event_a_line(server):
    server.post("track", track("Order Completed", ORDER))
    assert rows() == [
        ("segment", "m1:0", "purchase", "u1", "45790-32", "50314b8e", Decimal(1), Decimal("19.00")),
        ("segment", "m1:1", "purchase", "u1", "46493-32", "50314b8e", Decimal(2), Decimal("6.00")),
    ]
    assert Event.objects.get(message_id="m1:1").properties["coupon"] == "hasbros"


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


def test_the_context_comes_along_without_addresses_of_people(server):
    context = {
        "ip": "8.8.8.8",
        "userAgent": "Mozilla/5.0",
        "locale": "en-US",
        "campaign": {"name": "TPS", "source": "Newsletter", "medium": "email"},
        "page": {"path": "/academy/", "title": "Academy", "referrer": ""},
        "library": {"name": "analytics.js", "version": "2.11.1"},
        "device": {"id": "B5372DB0", "token": "ff15"},
    }
    server.post("page", {"anonymousId": "a1", "name": "Home", "messageId": "p1", "context": context})
    event = Event.objects.get()
    assert (event.type, event.customer) == ("visit", None)
    assert event.properties == {
        "name": "Home",
        "context": {
            "campaign": {"name": "TPS", "source": "Newsletter", "medium": "email"},
            "locale": "en-US",
            "page": {"path": "/academy/", "title": "Academy"},
            "library": "analytics.js",
        },
    }


@pytest.mark.parametrize("short", ["t", "b", "p", "i", "s", "g", "a"])
def test_the_browser_sdk_writes_first_letters(server, short):
    kind = {"t": "track", "b": "batch"}.get(short)
    body = {
        "userId": "u1",
        "anonymousId": "a1",
        "previousId": "a1",
        "groupId": "g1",
        "event": "x",
        "messageId": "1",
    }
    if kind == "batch":
        body = {"batch": [body | {"type": "track"}]}
    assert server.post(short, body, content_type="text/plain;charset=UTF-8").status_code == 200


def test_the_clock_of_a_device_is_corrected(server):
    """Its clock is three days ahead; what it did an hour before sending happened an hour ago."""
    before = clock.now()
    sent = before + timedelta(days=3)
    body = track("Clicked") | {"timestamp": (sent - timedelta(hours=1)).isoformat()}
    server.post("batch", {"batch": [body | {"type": "track"}], "sentAt": sent.isoformat()})
    event = Event.objects.get()
    hour_ago = before - timedelta(hours=1)
    assert hour_ago <= event.occurred_at <= hour_ago + timedelta(minutes=1)
    assert not QuarantinedEvent.objects.exists()


def test_dates_are_read_as_loosely_as_segment_writes_them(server):
    server.post("track", track("x", timestamp="2015-2-02T00:30:08.276Z"))
    assert Event.objects.get().occurred_at == datetime(2015, 2, 2, 0, 30, 8, 276000, tzinfo=UTC)


def test_the_same_message_is_one_event(server):
    for _ in range(3):
        assert server.post("track", track("Order Completed", ORDER)).status_code == 200
    assert Event.objects.count() == 2


PEOPLE = [
    {
        "type": "identify",
        "userId": "019mr8mf4r",
        "traits": {"email": "jake@yahoo.example", "name": "Jake Peterson", "age": 26},
        "timestamp": "2012-12-02T00:30:08.276Z",
    },
    {
        "type": "track",
        "userId": "019mr8mf4r",
        "event": "Song Played",
        "properties": {"name": "A song", "artist": "An artist"},
        "timestamp": "2012-12-02T00:30:12.984Z",
        "messageId": "s1",
    },
    {
        "type": "identify",
        "userId": "971mj8mk7p",
        "traits": {"email": "cindy@example.com", "first_name": "Cindy", "lastName": "Gonzalez", "age": 23},
        "timestamp": "2015-2-02T00:30:08.276Z",
    },
]


def people():
    return {
        c.external_id: (c.first_name, c.last_name, c.email, c.attributes, c.is_stub)
        for c in Customer.objects.all()
    }


def test_a_batch_tells_who_people_are_and_what_they_did(server):
    body = {"batch": PEOPLE, "context": {"device": {"type": "phone"}, "locale": "de-DE"}}
    assert server.post("batch", body).json() == {"success": True}
    assert people() == {
        "019mr8mf4r": ("Jake", "Peterson", "jake@yahoo.example", {"age": 26}, False),
        "971mj8mk7p": ("Cindy", "Gonzalez", "cindy@example.com", {"age": 23}, False),
    }
    event = Event.objects.get()
    assert event.properties["context"] == {"locale": "de-DE"}
    assert event.occurred_at == datetime(2012, 12, 2, 0, 30, 12, 984000, tzinfo=UTC)


def test_the_key_may_stand_in_the_body_and_the_body_be_gzipped(server):
    body = {"batch": PEOPLE, "writeKey": server.text, "sentAt": clock.now().isoformat()}
    answer = server.client.generic(
        "POST",
        "/v1/batch",
        gzip.compress(json.dumps(body).encode()),
        "application/json",
        headers={"Content-Encoding": "gzip"},
    )
    assert answer.status_code == 200
    assert Customer.objects.count() == 2


def test_traits_are_added_to_what_is_known(server):
    make_customer("c1", first_name="Ada", attributes={"size": "M"})
    server.post("identify", {"userId": "c1", "traits": {"plan": "premium", "address": {"country": "DE"}}})
    customer = Customer.objects.get()
    assert customer.first_name == "Ada"
    assert customer.attributes == {"size": "M", "plan": "premium", "address": {"country": "DE"}}
    assert customer.country == "DE"


def test_a_wrong_trait_does_not_keep_out_the_others(server):
    body = {
        "userId": "c1",
        "traits": {"email": "nonsense", "firstName": "Ada", "birthday": "1990-12-31T00:00:00Z"},
    }
    answer = server.post("identify", body).json()
    assert answer["success"] is True
    assert list(answer["ignored"][0]["errors"]) == ["email"]
    customer = Customer.objects.get()
    assert (customer.first_name, customer.birthday, customer.email) == ("Ada", "1990-12-31", None)


def test_what_a_visitor_did_becomes_the_customers(server):
    server.post("track", track("Product Viewed", PRODUCT, userId=None, anonymousId="a1"))
    assert rows()[0][3] is None
    server.post("identify", {"userId": "c1", "anonymousId": "a1", "messageId": "i1"})
    assert rows()[0][3] == "c1"
    server.post("track", track("Later", messageId="m2", userId=None, anonymousId="a1"))
    assert [row[3] for row in rows()] == ["c1", "c1"]


def test_alias_joins_too(server):
    server.post("track", track("Before", userId=None, anonymousId="39239"))
    server.post("alias", {"previousId": "39239", "userId": "c1"})
    assert rows()[0][3] == "c1"


def test_a_group_is_kept(server):
    server.post("group", {"userId": "c1", "groupId": "8e9d", "traits": {"name": "Initech"}, "messageId": "g"})
    event = Event.objects.get()
    assert event.type == "custom"
    assert event.properties == {"name": "Group", "group_id": "8e9d", "traits": {"name": "Initech"}}


def test_good_ones_of_a_batch_are_kept(server):
    batch = [
        track("a", type="track"),
        {"type": "track", "userId": "u"},
        7,
        track("b", type="x", messageId="m2"),
    ]
    answer = server.post("batch", {"batch": batch})
    assert answer.status_code == 200
    body = answer.json()
    assert [(r["index"], list(r["errors"])) for r in body["rejected"]] == [
        (1, ["event"]),
        (2, ["message"]),
        (3, ["type"]),
    ]
    assert [row[1] for row in rows()] == ["m1"]


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("track", b"{"),
        ("track", b"[]"),
        ("track", b"null"),
        ("track", {}),
        ("track", {"event": "x"}),
        ("track", {"userId": "u", "event": 7.5}),
        ("track", {"userId": {"$ne": 1}, "event": "x"}),
        ("track", {"userId": "a\0", "event": "x"}),
        ("track", {"userId": "u", "event": "x", "properties": []}),
        ("track", {"userId": "u", "event": "x", "properties": {"a": {"b": "\ud800"}}}),
        ("track", {"userId": "u", "event": "x", "timestamp": "yesterday-ish"}),
        ("track", {"userId": "u", "event": "x", "timestamp": ["2026"]}),
        ("batch", {"batch": []}),
        ("batch", {"batch": "x"}),
        ("batch", {"batch": [{}] * 1001}),
        ("batch", {"batch": [{}]}),
        ("identify", {"traits": {"email": "a@b.example"}}),
        ("alias", {"userId": "u"}),
        ("group", {"userId": "u"}),
    ],
)
def test_what_is_malformed_is_a_problem(server, call, body):
    answer = server.post(call, body)
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 400
    assert not Event.objects.exists()
    assert not Customer.objects.exists()


def test_too_large_is_413_also_packed(server, settings):
    settings.API_MAX_BODY_BYTES = 1000
    assert server.post("track", track("x" * 2000)).status_code == 413
    bomb = gzip.compress(b" " * 10_000_000)
    answer = server.post("track", bomb, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert server.post("track", b"no gzip", **{"Content-Encoding": "gzip"}).status_code == 400


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!", "Basic eA==", "Bearer x", "Api-Key x"])
def test_without_a_key_nothing_is_taken(db, client, header):
    answer = client.post(
        "/v1/track",
        json.dumps(track("x")),
        "application/json",
        headers={"Authorization": header} if header else {},
    )
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert not Event.objects.exists()


def test_a_future_event_is_held_and_said_so(server):
    future = (clock.now() + timedelta(days=3)).isoformat()
    answer = server.post("track", track("x", timestamp=future)).json()
    assert answer == {"success": True, "quarantined": [{"index": 0, "reason": "future"}]}
    assert not Event.objects.exists()
