"""Events from outside: good ones kept, bad ones named, repeats recognised."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from customers.models import Customer, Identifier
from events.models import Event, EventKey, QuarantinedEvent
from events.services import ingest
from events.store import claim, claim_new
from tests.factories.events import event

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_an_event_is_stored_whole():
    result = ingest([event(properties={"store": "7"}, discount=None)], now=NOW)
    assert (result.accepted, result.duplicates, result.quarantined, result.rejected) == (1, 0, [], [])
    stored = Event.objects.get()
    customer = Customer.objects.get(external_id="alice")
    assert customer.is_stub
    assert stored.customer == customer
    assert stored.actor_id == Identifier.objects.get(customer=customer, kind="external_id").pk
    assert stored.product == Product.objects.get(sku="tea", is_stub=True)
    assert (stored.quantity, stored.amount, stored.currency) == (Decimal("2.000"), Decimal("12.30"), "USD")
    assert stored.original_amount == Decimal("12.300")
    assert stored.properties == {"store": "7"}
    assert stored.occurred_at == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert (stored.received_at, stored.quality) == (NOW, "")


def test_a_repeat_is_the_same_event_whatever_its_time():
    ingest([event()], now=NOW)
    again = ingest([event(occurred_at="2025-11-11T00:00:00Z"), event("m2"), event("m2")], now=NOW)
    assert (again.accepted, again.duplicates) == (1, 2)
    assert Event.objects.count() == EventKey.objects.count() == 2


def test_the_same_id_of_another_source_is_another_event():
    assert ingest([event(), event(source="till")], now=NOW).accepted == 2


def test_good_events_are_kept_when_others_are_bad():
    result = ingest([event("m1"), {"type": "purchase"}, event("m3", sku=None, type="view")], now=NOW)
    assert result.accepted == 1
    assert [r["index"] for r in result.rejected] == [1, 2]
    assert set(result.rejected[0]["errors"]) == {"message_id", "customer"}
    assert set(result.rejected[1]["errors"]) == {"sku"}


def test_the_future_is_held_in_quarantine_and_not_believed():
    early, late = event("old", occurred_at="1700-01-01T00:00Z"), event(occurred_at="2026-03-02T12:00:01Z")
    result = ingest([late, early], now=NOW)
    assert result.quarantined == [{"index": 0, "reason": "future"}, {"index": 1, "reason": "too_old"}]
    assert not Event.objects.exists()
    assert not EventKey.objects.exists()
    held = QuarantinedEvent.objects.get(message_id="m1")
    assert (held.reason, held.payload["customer"]) == ("future", "alice")
    corrected = ingest([event()], now=NOW)
    assert corrected.accepted == 1


def test_a_day_ahead_is_a_clock_that_runs_fast():
    assert ingest([event(occurred_at="2026-03-02T12:00:00Z")], now=NOW).accepted == 1


def test_an_unknown_visitor_gets_an_identifier_but_no_customer():
    visitor = {"customer": None, "anonymous_id": "cookie-1"}
    ingest([event(**visitor), event("m2", **visitor)], now=NOW)
    first, second = Event.objects.order_by("id")
    assert first.actor_id == second.actor_id == Identifier.objects.get(kind="anonymous").pk
    assert first.customer_id is None
    assert not Customer.objects.exists()


def test_a_foreign_amount_without_a_rate_is_kept_and_marked(settings):
    settings.SHOP_EXCHANGE_RATES = {"EUR": "1.10"}
    ingest([event("eur", amount={"amount": "10.00", "currency": "EUR"}),
            event("gbp", amount={"amount": "10.00", "currency": "GBP"})], now=NOW)  # fmt: skip
    euro, pound = Event.objects.order_by("message_id")
    assert (euro.amount, euro.original_amount, euro.currency) == (Decimal("11.00"), Decimal("10.000"), "EUR")
    assert (pound.amount, pound.original_amount, pound.quality) == (None, Decimal("10.000"), "no_rate")


def test_a_purchase_without_a_quantity_is_kept_and_marked():
    ingest([event(quantity=0)], now=NOW)
    assert Event.objects.get().quality == "no_quantity"


def test_searched_words_stand_in_the_properties():
    ingest([event(type="search", sku=None, search="绿茶 tea", quantity=None, amount=None)], now=NOW)
    assert Event.objects.get().properties == {"search": "绿茶 tea"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"message_id": "a\0b"}, "message_id"),
        ({"customer": "\ud800"}, "customer"),
        ({"sku": "x" * 201}, "sku"),
        ({"customer": 7}, "customer"),
        ({"customer": "  "}, "customer"),
        ({"quantity": float("nan")}, "quantity"),
        ({"quantity": float("inf")}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 10**300}, "quantity"),
        ({"quantity": "9" * 5000}, "quantity"),
        ({"amount": 12.3}, "amount"),
        ({"amount": {"amount": "1e400", "currency": "USD"}}, "amount"),
        ({"amount": {"amount": "-1", "currency": "USD"}}, "amount"),
        ({"amount": {"amount": "NaN", "currency": "USD"}}, "amount"),
        ({"amount": {"amount": "1", "currency": "EURO"}}, "amount"),
        ({"amount": {"amount": "1"}}, "amount"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "2026-02-01T10:00:00"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"occurred_at": 1770000000}, "occurred_at"),
        ({"type": "message_sent"}, "type"),
        ({"type": ["purchase"]}, "type"),
        ({"properties": []}, "properties"),
        ({"properties": {"a": "\0"}}, "properties"),
        ({"properties": {"\udfff": 1}}, "properties"),
        ({"properties": {"a": [float("nan")]}}, "properties"),
        ({"properties": {"a": "x" * 70_000}}, "properties"),
        ({"custmer": "x"}, "custmer"),
    ],
)
def test_hostile_values_are_named_and_store_nothing(fields, wrong):
    result = ingest([event(**fields)], now=NOW)
    assert result.accepted == 0
    assert list(result.rejected[0]["errors"]) == [wrong]
    assert not Event.objects.exists()
    assert not Customer.objects.exists()


def test_deep_properties_are_refused():
    deep: dict = {}
    for _ in range(500):
        deep = {"a": deep}
    assert list(ingest([event(properties=deep)], now=NOW).rejected[0]["errors"]) == ["properties"]


@pytest.mark.parametrize("junk", [None, 1, "x", [], True])
def test_what_is_no_object_is_rejected(junk):
    assert ingest([junk], now=NOW).rejected[0]["index"] == 0


def test_the_number_of_queries_does_not_grow_with_the_batch():
    def queries(batch):
        with CaptureQueriesContext(connection) as captured:
            ingest(batch, now=NOW)
        return len(captured)

    def batch(name, size):
        return [event(f"{name}{i}", customer=f"{name}{i}", sku=f"{name}{i}") for i in range(size)]

    queries(batch("warm", 1))  # makes the partition
    assert queries(batch("a", 50)) == queries(batch("b", 1000))
    assert Event.objects.count() == 1051


def test_repeats_in_the_middle_of_a_new_batch_are_told_apart():
    ingest([event("m50", customer="first")], now=NOW)
    result = ingest([event(f"m{i:02}", customer="second") for i in range(99)], now=NOW)
    assert (result.accepted, result.duplicates) == (98, 1)
    assert Event.objects.get(message_id="m50").customer.external_id == "first"
    assert Event.objects.count() == EventKey.objects.count() == 99


def test_new_keys_are_claimed_all_or_none():
    keys = [("shop", f"m{i:02}") for i in range(50)]
    for known in (keys[0], keys[25], keys[-1]):
        claim([known])
        assert not claim_new(keys)
        assert list(EventKey.objects.values_list("message_id", flat=True)) == [known[1]]
        EventKey.objects.all().delete()
    assert claim_new(keys)
    assert EventKey.objects.count() == 50
