"""What a publishable key may say, from where, and what it must never do."""

import json

import pytest

from accounts.keys import create_key
from accounts.models import ApiKey, Scope
from accounts.signatures import sign
from customers.models import Customer
from events.models import Event
from tests.factories.accounts import NOW
from tests.factories.customers import make_customer
from tests.integrations.segment_calls.conftest import ORIGIN

ORDER = {"order_id": "o1", "products": [{"sku": "a", "price": 20, "quantity": 2}]}


def track(event, properties=None, **fields):
    return {"anonymousId": "v1", "event": event, "properties": properties or {}, "messageId": "m1"} | fields


def test_events_of_a_page_come_from_the_web_whatever_they_say(page):
    assert (
        page.post("track", track("Product Viewed", {"sku": "a"}, source="till"), Origin=ORIGIN).status_code
        == 200
    )
    assert Event.objects.get().source == "web"


def test_a_purchase_of_a_page_counts_no_money(page):
    page.post("track", track("Order Completed", ORDER))
    event = Event.objects.get()
    assert (event.type, event.order_id, event.amount, event.original_amount) == ("checkout", "o1", None, None)
    assert event.properties["completed"] is True
    assert event.properties["reported_amount"] == {"amount": "40", "currency": "USD"}


def test_a_purchase_of_a_trusted_page_counts(trusted_page):
    trusted_page.post("track", track("Order Completed", ORDER))
    event = Event.objects.get()
    assert (event.type, event.source, event.amount) == ("purchase", "web", 40)


@pytest.mark.parametrize("name", ["Order Refunded", "Order Cancelled"])
def test_a_page_takes_nothing_back(trusted_page, name):
    answer = trusted_page.post("batch", {"batch": [track(name, {"order_id": "o1"}, type="track")]})
    assert answer.status_code == 400
    assert not Event.objects.exists()


def test_a_page_says_nothing_about_people(page):
    body = {"userId": "c1", "anonymousId": "v1", "traits": {"email": "a@b.example", "firstName": "Eve"}}
    answer = page.post("identify", body).json()
    assert set(answer["ignored"][0]["errors"]) == {"email", "firstName"}
    customer = Customer.objects.get()
    assert (customer.external_id, customer.email, customer.first_name, customer.is_stub) == (
        "c1",
        None,
        "",
        True,
    )


def test_a_trusted_page_describes_whom_nobody_described(trusted_page):
    make_customer("known", first_name="Ada", email="ada@shop.example")
    for user in ("known", "new"):
        body = {"userId": user, "traits": {"firstName": "Eve", "email": f"eve@{user}.example"}}
        assert trusted_page.post("identify", body).status_code == 200
    found = {c.external_id: (c.first_name, c.email) for c in Customer.objects.all()}
    assert found == {"known": ("Ada", "ada@shop.example"), "new": ("Eve", "eve@new.example")}


def test_a_signed_customer_may_describe_themselves_alone(page):
    for name in ("me", "other"):
        make_customer(name, first_name="Old")
    context = {"signature": sign(page.key, "me")}
    for user in ("me", "other"):
        page.post("identify", {"userId": user, "traits": {"firstName": "New"}, "context": context})
    assert {c.external_id: c.first_name for c in Customer.objects.all()} == {"me": "New", "other": "Old"}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://shop.example", "null", "https://shop.example.evil"]
)
def test_a_foreign_page_is_refused_and_told_so(page, origin):
    answer = page.post("track", track("x"), Origin=origin)
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert "Access-Control-Allow-Origin" not in answer
    assert not Event.objects.exists()


def test_our_own_pages_may(page):
    assert page.post("track", track("x"), Origin="http://testserver").status_code == 200


def test_cors_names_the_page_and_never_lets_cookies_in(page):
    answer = page.post("track", track("x"), Origin=ORIGIN)
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in answer
    assert "origin" in answer["Vary"].lower()


@pytest.mark.parametrize(
    ("path", "origin", "allowed"),
    [
        ("/v1/batch", ORIGIN, True),
        ("/api/v1/events", ORIGIN, True),
        ("/api/v1/customers/c1/recommendations", ORIGIN, True),
        ("/api/v1/visitors/v1/recommendations", ORIGIN, True),
        ("/v1/batch", "https://evil.example", False),
        ("/api/v1/customers/c1", ORIGIN, False),
        ("/api/v1/customers", ORIGIN, False),
        ("/api/v1/coupons/redeem", ORIGIN, False),
        ("/admin/login/", ORIGIN, False),
    ],
)
def test_a_preflight_needs_no_key_but_a_known_page(page, client, path, origin, allowed):
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = client.options(path, headers=asked)
    assert (answer.get("Access-Control-Allow-Origin") == origin) is allowed
    if allowed:
        assert answer.status_code == 200
        assert "authorization" in answer["Access-Control-Allow-Headers"]
        assert answer["Access-Control-Max-Age"] == "7200"


def test_a_revoked_keys_pages_are_forgotten(page, client, db):
    from accounts.keys import revoke_key

    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    assert "Access-Control-Allow-Origin" in client.options("/v1/batch", headers=asked)
    revoke_key(page.key, NOW)
    assert "Access-Control-Allow-Origin" not in client.options("/v1/batch", headers=asked)
    assert page.post("track", track("x")).status_code == 401


def test_a_beacon_brings_the_key_in_its_body(page, client):
    body = json.dumps({"writeKey": page.text, "batch": [track("x", type="track")]})
    answer = client.generic("POST", "/v1/b", body, "text/plain;charset=UTF-8", headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    assert Event.objects.count() == 1


CLOSED = [
    ("GET", "/api/v1/customers/c1"),
    ("PATCH", "/api/v1/customers/c1"),
    ("GET", "/api/v1/products/p1"),
    ("POST", "/api/v1/customers"),
    ("GET", "/api/v1/segments"),
    ("POST", "/api/v1/coupons/validate"),
    ("GET", "/api/v1/campaigns"),
]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_a_publishable_key_opens_nothing_else(page, client, method, path):
    # Even if its scopes were tampered with.
    ApiKey.objects.filter(pk=page.key.pk).update(scopes=list(Scope.values))
    answer = client.generic(
        method, path, "{}", "application/json", headers={"Authorization": f"Api-Key {page.text}"}
    )
    assert answer.status_code == 403


def test_a_publishable_key_sends_events_to_the_api(page, client):
    headers = {"Authorization": f"Api-Key {page.text}", "Origin": ORIGIN}
    row = {"message_id": "1", "type": "view", "sku": "a", "anonymous_id": "v", "source": "till"}
    address = row | {"message_id": "3", "customer": {"external_id": "c", "email": "ann@shop.example"}}
    rows = [
        {"message_id": "0", "type": "refund", "customer": "c", "order_id": "o"},
        row,
        {"message_id": "2"},
        address,
    ]
    answer = client.post("/api/v1/events", json.dumps(rows), "application/json", headers=headers)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    assert [r["index"] for r in answer.json()["rejected"]] == [0, 2, 3]
    assert Event.objects.get().source == "web"


def test_recommendations_of_others_stay_shut(db, client):
    make_customer("c1")
    key, text = create_key(
        name="w", scopes=[Scope.RECOMMENDATIONS_READ], now=NOW, kind="publishable", allowed_origins=[ORIGIN]
    )
    path = "/api/v1/customers/c1/recommendations"
    headers = {"Authorization": f"Api-Key {text}", "Origin": ORIGIN}
    for signature in (None, "", "x", sign(key, "c2"), "ä"):
        more = {} if signature is None else {"Rapport-Signature": signature}
        answer = client.get(path, headers=headers | more)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("#not-signed")
    signed = client.get(path, headers=headers | {"Rapport-Signature": sign(key, "c1")})
    assert signed.status_code == 503  # nothing is trained here, but the door is open
    assert client.get("/api/v1/visitors/v1/recommendations", headers=headers).status_code == 503


def test_one_address_is_held_up_before_the_others(page, settings):
    settings.PUBLISHABLE_CALLS_PER_MINUTE = 2

    def call(address):
        return page.client.post(
            "/v1/track", json.dumps(track("x")), "application/json", headers=page.basic(), REMOTE_ADDR=address
        )

    answers = [call("10.0.0.1") for _ in range(5)]
    refused = [a for a in answers if a.status_code == 429]
    assert refused  # a minute may begin between the calls
    assert 1 <= int(refused[0]["Retry-After"]) <= 61
    assert refused[0]["RateLimit-Limit"] == "2"
    assert refused[0]["RateLimit-Remaining"] == "0"
    assert call("10.0.0.2").status_code == 200
