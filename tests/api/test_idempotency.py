"""Idempotency-Key: the first answer again, and never a second effect."""

from datetime import timedelta

from catalog.models import PriceChange
from core import clock
from core.idempotency import ABANDONED_AFTER
from core.models import IdempotencyKey
from tests.api.test_access import problem

PATH = "/api/v1/products/tea"
BODY = {"name": "Tea", "price": {"amount": "1.00", "currency": "USD"}}
KEY = {"Idempotency-Key": "k1"}


def test_a_repeat_gets_the_first_answer(alice):
    first = alice.call("PUT", PATH, BODY, **KEY)
    alice.call("PATCH", PATH, {"price": {"amount": "2.00", "currency": "USD"}})
    again = alice.call("PUT", PATH, BODY, **KEY)
    assert (again.status_code, again.json()) == (201, first.json())
    assert PriceChange.objects.count() == 2


def test_another_body_is_422(alice):
    alice.call("PUT", PATH, BODY, **KEY)
    problem(alice.call("PUT", PATH, {"name": "Coffee"}, **KEY), 422)
    assert alice.call("GET", PATH).json()["name"] == "Tea"


def test_another_query_is_422(alice):
    alice.call("PUT", f"{PATH}?a=1&b=2", BODY, **KEY)
    assert alice.call("PUT", f"{PATH}?b=2&a=1", BODY, **KEY).status_code == 201
    problem(alice.call("PUT", f"{PATH}?a=1&b=3", BODY, **KEY), 422)
    problem(alice.call("PUT", PATH, BODY, **KEY), 422)


def test_another_call_or_caller_may_use_the_same_key(alice):
    alice.call("PUT", PATH, BODY, **KEY)
    assert alice.call("PUT", "/api/v1/products/other", BODY, **KEY).status_code == 201


def test_a_failed_call_may_be_repeated(alice):
    problem(alice.call("PUT", PATH, {"nmae": "x"}, **KEY), 400)
    assert not IdempotencyKey.objects.exists()
    assert alice.call("PUT", PATH, BODY, **KEY).status_code == 201


def test_in_flight_is_409_until_it_is_abandoned(alice):
    alice.call("PUT", PATH, BODY, **KEY)
    IdempotencyKey.objects.update(status=None, body=None, created_at=clock.now() + timedelta(seconds=1))
    problem(alice.call("PUT", PATH, BODY, **KEY), 409)
    IdempotencyKey.objects.update(created_at=clock.now() - ABANDONED_AFTER - timedelta(seconds=1))
    assert alice.call("PUT", PATH, BODY, **KEY).status_code == 200


def test_a_key_of_strange_signs_is_refused(alice):
    problem(alice.call("PUT", PATH, BODY, **{"Idempotency-Key": "x" * 201}), 400)
    problem(alice.call("PUT", PATH, BODY, **{"Idempotency-Key": ""}), 400)
