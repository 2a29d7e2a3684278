"""Customers over REST."""

from datetime import UTC, datetime

import pytest

from customers.models import Customer, Identifier
from tests.api.test_access import problem
from tests.factories.customers import make_customer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_put_creates_then_replaces(alice):
    first = alice.call(
        "PUT",
        "/api/v1/customers/c1",
        {"first_name": "Ada", "email": "Ada@Example.com", "attributes": {"vip": True}},
    )
    assert first.status_code == 201
    assert first.json()["email"] == "Ada@Example.com"
    second = alice.call("PUT", "/api/v1/customers/c1", {"last_name": "L"})
    assert second.status_code == 200
    body = alice.call("GET", "/api/v1/customers/c1").json()
    assert (body["first_name"], body["last_name"], body["email"], body["attributes"]) == ("", "L", None, {})
    assert not Identifier.objects.filter(kind="email").exists()


def test_patch_leaves_what_is_absent_and_clears_what_is_null(alice):
    alice.call(
        "PUT", "/api/v1/customers/c1", {"first_name": "Ada", "birthday": "1990-12-31", "country": "US"}
    )
    body = alice.call("PATCH", "/api/v1/customers/c1", {"first_name": None, "phone": "(202) 555-0123"}).json()
    assert (body["first_name"], body["birthday"], body["phone"]) == ("", "1990-12-31", "+12025550123")
    assert Customer.objects.get().birth_month_day == "12-31"


def test_patch_of_nobody_is_404(alice):
    problem(alice.call("PATCH", "/api/v1/customers/nobody", {"first_name": "x"}), 404)
    assert not Customer.objects.exists()


def test_a_record_ends_being_a_stub(alice):
    alice.call("POST", "/api/v1/events", {"message_id": "1", "type": "visit", "customer": "c1"})
    assert alice.call("GET", "/api/v1/customers/c1").json()["is_stub"] is True
    assert alice.call("PUT", "/api/v1/customers/c1", {}).json()["is_stub"] is False
    assert Customer.objects.count() == 1


def test_bulk_keeps_the_good_and_names_the_bad(alice):
    make_customer("owner", email="taken@example.com")
    answer = alice.call(
        "POST",
        "/api/v1/customers",
        [
            {"external_id": "a", "email": "a@example.com"},
            {"external_id": "b", "email": "Taken@example.com"},
            {"external_id": "c", "emial": "c@example.com"},
            {"first_name": "nobody"},
            {"external_id": "e", "email": "A@EXAMPLE.com"},
        ],
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["accepted"] == 1
    assert [(r["index"], list(r["errors"])) for r in body["rejected"]] == [
        (1, ["email"]),
        (2, ["emial"]),
        (3, ["external_id"]),
        (4, ["email"]),
    ]
    assert set(Customer.objects.values_list("external_id", flat=True)) == {"owner", "a"}


def test_an_address_of_somebody_else_is_refused_and_changes_nothing(alice):
    make_customer("owner", email="taken@example.com")
    make_customer("c1", email="mine@example.com", first_name="Ada")
    body = problem(
        alice.call("PATCH", "/api/v1/customers/c1", {"email": "taken@example.com", "first_name": "X"}), 400
    )
    assert list(body["errors"]) == ["email"]
    customer = Customer.objects.get(external_id="c1")
    assert (customer.email, customer.first_name) == ("mine@example.com", "Ada")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("phone", "12"),
        ("birthday", "1990-31-12"),
        ("birthday", "1066-01-01"),
        ("time_zone", "Mars/Base"),
        ("country", "Germany"),
        ("locale", "deutsch und mehr"),
        ("attributes", []),
        ("attributes", {"a": float("nan")}),
        ("attributes", {"a": "\0"}),
        ("first_name", "\0"),
        ("first_name", "\ud800"),
        ("first_name", "x" * 101),
        ("no_profiling", "perhaps"),
        ("external_id", "other"),
    ],
)
def test_bad_fields_are_named(alice, field, value):
    body = problem(alice.call("PUT", "/api/v1/customers/c1", {field: value}), 400)
    assert list(body["errors"]) == [field]
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "path", ["/api/v1/customers/%00", "/api/v1/customers/%FF", "/api/v1/customers/" + "x" * 300]
)
def test_strange_ids_are_unknown(alice, path):
    problem(alice.call("GET", path), 404)
    problem(alice.call("PATCH", path, {}), 404)
