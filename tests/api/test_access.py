"""Who may call what, and what everybody else is told."""

import pytest

from accounts.models import Scope
from customers.models import Customer
from events.models import Event
from tests.api.conftest import Partner
from tests.api.test_hostile import routes
from tests.factories.accounts import make_key

CALLS = [
    ("POST", "/api/v1/events"),
    ("POST", "/api/v1/customers"),
    ("GET", "/api/v1/customers/c1"),
    ("PUT", "/api/v1/customers/c1"),
    ("PATCH", "/api/v1/customers/c1"),
    ("POST", "/api/v1/products"),
    ("GET", "/api/v1/products/tea"),
    ("PUT", "/api/v1/products/tea"),
    ("PATCH", "/api/v1/products/tea"),
]


def problem(response, status):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["type"].startswith("/api/problems#")
    return body


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_bob_lacks_the_scope(bob, method, path):
    problem(bob.call(method, path, {}), 403)


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_revoked_key_is_no_key(charlie, method, path):
    body = problem(charlie.call(method, path, {}), 401)
    assert "revoked" in body["detail"]


@pytest.mark.parametrize(
    "header", ["", "Api-Key", "Api-Key x", "Api-Key rp_00000000.x", "Bearer x", "Api-Key \x00"]
)
def test_without_a_key_nothing_opens(db, client, header):
    response = client.post(
        "/api/v1/events", "{}", "application/json", headers={"Authorization": header} if header else {}
    )
    problem(response, 401)
    assert response["WWW-Authenticate"] == "Api-Key"
    assert not Event.objects.exists()


def test_a_get_scope_is_not_a_put_scope(db):
    reader = Partner(make_key("reader", scopes=[Scope.CUSTOMERS_READ]))
    problem(reader.call("PUT", "/api/v1/customers/c1", {}), 403)
    problem(reader.call("GET", "/api/v1/customers/c1"), 404)
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("POST", "/api/nothing", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/v1/customers/c1/x/y", 404),
    ],
)
def test_unknown_addresses_are_problems(alice, method, path, status):
    problem(alice.call(method, path), status)


def test_a_record_that_there_is_not_is_told_in_a_sentence(alice):
    told = problem(alice.call("GET", "/api/v1/experiments/nothing"), 404)["detail"]
    assert told == "There is no such experiment. It may have been removed, or its id is another."


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/events", "POST, OPTIONS"),
        ("HEAD", "/api/v1/events", "POST, OPTIONS"),
        ("DELETE", "/api/v1/products/t", "GET, PUT, PATCH, HEAD, OPTIONS"),
        ("PUT", "/api/v1/campaigns", "GET, POST, HEAD, OPTIONS"),
        ("TRACE", "/api/v1/coupons/redeem", "POST, OPTIONS"),
        ("BREW", "/api/v1/coupons/redeem", "POST, OPTIONS"),
    ],
)
def test_methods_that_a_call_does_not_have_are_405(alice, bob, client, method, path, allowed):
    for partner in (alice, bob):  # no scope opens it
        answer = partner.call(method, path)
        assert answer.status_code == 405
        assert answer["Allow"] == allowed
    assert client.generic(method, path).status_code == 401


def test_options_name_the_methods_to_any_key(bob, client):
    answer = bob.call("OPTIONS", "/api/v1/events")
    assert answer.status_code == 200
    assert answer["Allow"] == "POST, OPTIONS"
    assert client.options("/api/v1/events").status_code == 401


def test_a_slash_at_the_end_is_accepted_without_a_redirect(alice):
    assert alice.call("PUT", "/api/v1/products/tea/", {"name": "Tea"}).status_code == 201
    assert alice.call("GET", "/api/v1/products/tea").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b"9" * 10_000, 400),
        (b"null", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'"x"', 400),
        (b"[{}]", 422),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/customers", "/api/v1/products"])
def test_broken_bodies_are_problems(alice, path, body, status):
    problem(alice.call("POST", path, body), status)


@pytest.mark.parametrize("path", ["/api/v1/customers/c1", "/api/v1/products/p1"])
@pytest.mark.parametrize("body", [b"{", b"null", b"[]", b'"x"', b'{"x": 1}', b'{"\\ud800\\u0000": 1}'])
def test_broken_bodies_of_one_are_problems(alice, path, body):
    problem(alice.call("PUT", path, body), 400)
    assert not Customer.objects.exists()


def test_another_media_type_is_refused(alice):
    problem(
        alice.call("POST", "/api/v1/events", b"a=1", content_type="application/x-www-form-urlencoded"), 415
    )


def test_too_many_and_too_large_are_413(alice, settings):
    problem(alice.call("POST", "/api/v1/events", [{}] * 1001), 413)
    settings.API_MAX_BODY_BYTES = 1000
    problem(alice.call("POST", "/api/v1/events", b" " * 1001 + b"{}"), 413)


def test_too_many_calls_are_429_and_say_when(alice, settings):
    settings.API_CALLS_PER_MINUTE = 2
    answers = [alice.call("GET", "/api/v1/products/none") for _ in range(5)]
    # A minute may begin between the calls; then the count begins anew.
    assert [r.status_code for r in answers[:2]] == [404, 404]
    refused = [r for r in answers if r.status_code == 429]
    assert refused
    problem(refused[0], 429)
    assert 1 <= int(refused[0]["Retry-After"]) <= 61


def test_the_document_and_its_pages_are_open_and_use_no_cdn(db, client):
    schema = client.get("/api/schema", headers={"Accept": "application/json"})
    assert schema.status_code == 200
    document = schema.json()
    assert document["openapi"] == "3.1.0"
    assert {"/api/v1/events", "/api/v1/customers/{customer}", "/api/v1/products/{sku}"} <= set(
        document["paths"]
    )
    page = client.get("/api/docs").content.decode()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "<script>" not in page


def test_every_call_wants_the_scope_that_it_names(db):
    """Whoever has every scope but that one is turned away before anything is read."""
    scopes = set(Scope.values)
    keys = {one: Partner(make_key(f"but {one}", scopes=sorted(scopes - {one}))) for one in scopes}
    open_to_others, asked = [], 0
    for path, view in routes():
        for method, scope in getattr(view, "scopes", {}).items():
            answer = keys[scope].call(method, path.replace("{}", "x"), {})
            asked += 1
            # What there is no such address or method of needs no key to be turned away.
            if answer.status_code not in (403, 404, 405):
                open_to_others.append(f"{method} {path}: {answer.status_code}")
        unguarded = {m for m in ("get", "post", "put", "patch", "delete") if hasattr(view, m)} - {
            method.lower() for method in getattr(view, "scopes", {})
        }
        open_to_others += [f"{method} {path} names no scope" for method in unguarded]
    assert open_to_others == []
    assert asked > 100
