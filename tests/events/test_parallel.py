"""Rivals that send the same events at the same time: one row each, and nobody is turned away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from threading import Event as Signal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from catalog.models import Product
from core.models import IdempotencyKey
from customers.models import Customer, Identifier
from events.batches import read
from events.intake import store
from events.models import Event, EventKey
from events.services import ingest
from events.store import ensure_months
from tests.api.conftest import Partner
from tests.factories.accounts import make_key
from tests.factories.events import event
from tests.patience import PATIENCE, until

RIVALS = 10
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(calls: list[Any]) -> list[Any]:
    """Run the calls in threads that wait for each other at the start."""
    gate = Barrier(min(RIVALS, len(calls)))

    def run(call):
        try:
            gate.wait(timeout=PATIENCE)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(RIVALS) as pool:
        return list(pool.map(run, calls))


@pytest.fixture
def partner():
    # TransactionTestCase empties the tables but leaves the partitions, as it should be.
    return Partner(make_key())


def test_one_id_sent_fifty_times_in_parallel_is_one_event(partner):
    calls = [lambda: partner.call("POST", "/api/v1/events", event("same"))] * 50
    answers = [(r.status_code, r.json()["accepted"], r.json()["duplicates"]) for r in at_once(calls)]
    assert sorted(answers) == [(202, 0, 1)] * 49 + [(202, 1, 0)]
    assert Event.objects.count() == EventKey.objects.count() == 1
    assert Customer.objects.count() == Product.objects.count() == Identifier.objects.count() == 1


def test_overlapping_batches_in_opposite_orders_do_not_block_each_other(partner):
    def batch(turned: bool) -> list[dict[str, Any]]:
        rows = [event(f"m{i}", customer=f"c{i % 40}", sku=f"s{i % 60}") for i in range(200)]
        return rows[::-1] if turned else rows

    calls = [lambda i=i: partner.call("POST", "/api/v1/events", batch(i % 2 == 0)) for i in range(20)]
    answers = at_once(calls)
    assert {r.status_code for r in answers} == {202}
    assert sum(r.json()["accepted"] for r in answers) == 200
    assert Event.objects.count() == 200
    assert (Customer.objects.count(), Product.objects.count()) == (40, 60)


def test_batches_that_share_their_middles_store_each_event_once(partner):
    def batch(start: int) -> list[dict[str, Any]]:
        return [event(f"m{i:04}", customer=f"c{i % 40}") for i in range(start, start + 200)]

    calls = [lambda i=i: partner.call("POST", "/api/v1/events", batch(50 * i)) for i in range(20)]
    answers = at_once(calls)
    assert {r.status_code for r in answers} == {202}
    assert sum(r.json()["accepted"] for r in answers) == 1150
    assert sum(r.json()["duplicates"] for r in answers) == 20 * 200 - 1150
    assert Event.objects.count() == EventKey.objects.count() == 1150


def test_events_and_records_of_the_same_customers_do_not_block_each_other(partner):
    people = [f"c{i}" for i in range(50)]
    events = [event(f"m{i}", customer=name) for i, name in enumerate(people)]
    records = [{"external_id": name, "email": f"{name}@example.com"} for name in reversed(people)]
    calls = [
        lambda: partner.call("POST", "/api/v1/events", events),
        lambda: partner.call("POST", "/api/v1/customers", records),
    ] * 5
    assert {r.status_code for r in at_once(calls)} <= {200, 202}
    assert Event.objects.count() == Customer.objects.count() == 50
    assert not Customer.objects.filter(is_stub=True).exists()


def test_two_customers_who_want_one_address_at_once_do_not_both_get_it(partner):
    calls = [
        lambda i=i: partner.call("PUT", f"/api/v1/customers/c{i}", {"email": "one@example.com"})
        for i in range(10)
    ]
    assert sorted(r.status_code for r in at_once(calls)) == [201] + [400] * 9
    assert Identifier.objects.filter(kind="email").count() == 1
    assert Customer.objects.count() == 1


def test_one_idempotency_key_used_in_parallel_has_one_effect(partner):
    headers = {"Idempotency-Key": "k"}
    calls = [lambda: partner.call("PUT", "/api/v1/products/tea", {"name": "Tea"}, **headers)] * 20
    codes = [r.status_code for r in at_once(calls)]
    assert set(codes) <= {201, 409}
    assert 201 in codes
    assert IdempotencyKey.objects.get().status == 201


@pytest.mark.parametrize("ending", ["commit", "killed"])
def test_a_rival_in_the_middle_of_the_same_batch_is_waited_for(ending):
    """Its process may be dead while its backend lives on, holding keys, people, products and a month."""
    rows = [
        event(f"m{i}", customer=f"c{i % 5}", sku=f"s{i % 5}", occurred_at=f"201{i}-05-01T10:00:00Z")
        for i in range(4, 9)
    ]
    holds, go = Signal(), Signal()
    backend: list[int] = []

    def rival():
        try:
            with transaction.atomic():
                found = read(rows, now=NOW, default_source="api").batch
                ensure_months(found.occurred_at)
                store(found, NOW)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    backend.append(cursor.fetchone()[0])
                holds.set()
                go.wait(PATIENCE)
        except DatabaseError:
            assert ending == "killed"
        finally:
            connection.close()

    def ours():
        try:
            return ingest(rows[::-1], now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(rival)
        assert holds.wait(PATIENCE)
        others = [pool.submit(ours) for _ in range(3)]
        until_waiting(3)
        if ending == "killed":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", backend)
        go.set()
        first.result(PATIENCE)
        results = [other.result(PATIENCE) for other in others]
    assert sum(r.accepted for r in results) == (5 if ending == "killed" else 0)
    assert all(r.accepted + r.duplicates == 5 and not r.rejected for r in results)
    assert Event.objects.count() == EventKey.objects.count() == 5
    assert Customer.objects.count() == Product.objects.count() == Identifier.objects.count() == 5


def until_waiting(count: int) -> None:
    """Wait until so many others wait for a lock."""
    with connection.cursor() as cursor:

        def waiting():
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            )
            return cursor.fetchone()[0] >= count

        until(waiting, f"waiting of {count} for a lock")
