"""The queue of changed customers: each consumer gets each once, and nothing is lost with a consumer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from core.registry import UnknownEntry
from customers.models import Customer
from customers.services import upsert_customers
from events import changes
from events.models import ChangedCustomer, ChangeNote
from events.services import ingest, record
from tests.factories.events import event

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_consumers(monkeypatch):
    registry = changes.Registry("consumer of changes")
    registry.add("profiles", "keeps profiles fresh")
    registry.add("segments", "keeps segments fresh")
    monkeypatch.setattr(changes, "consumers", registry)


def ids(taken):
    return sorted(change.customer_id for change in taken)


def test_each_consumer_gets_each_customer_once():
    changes.note([3, 1, 3], NOW)
    changes.note([1, 2], NOW)
    assert ids(changes.take("profiles", 10, NOW)) == [1, 2, 3]
    assert ids(changes.take("segments", 10, NOW)) == [1, 2, 3]
    assert changes.take("profiles", 10, NOW) == []
    assert not ChangeNote.objects.exists()


def test_what_is_acknowledged_is_gone_and_what_is_not_comes_back():
    changes.note([1, 2], NOW)
    taken = changes.take("profiles", 10, NOW)
    changes.acknowledge("profiles", [c for c in taken if c.customer_id == 1])
    assert changes.take("profiles", 10, NOW + changes.LEASE - timedelta(seconds=1)) == []
    assert ids(changes.take("profiles", 10, NOW + changes.LEASE)) == [2]
    assert changes.waiting("segments").customers == 2


def test_who_changes_while_taken_is_taken_again():
    changes.note([1], NOW)
    taken = changes.take("profiles", 10, NOW)
    changes.note([1], NOW)
    assert changes.take("profiles", 10, NOW) == []
    changes.acknowledge("profiles", taken)
    again = changes.take("profiles", 10, NOW)
    assert ids(again) == [1]
    changes.acknowledge("profiles", again)
    assert not ChangedCustomer.objects.filter(consumer="profiles").exists()


def test_events_records_and_the_platforms_own_events_are_noted():
    ingest([event("m1", customer="alice"), event("m2", customer=None, anonymous_id="cookie")], now=NOW)
    alice = Customer.objects.get(external_id="alice").pk
    assert ids(changes.take("profiles", 10, NOW)) == [alice]
    changes.acknowledge("profiles", changes.take("profiles", 10, LATER))
    ingest([event("m1", customer="alice")], now=NOW)
    assert changes.take("profiles", 10, NOW) == []
    record(
        [{"source": "r", "message_id": "1", "type": "visit", "occurred_at": NOW, "customer_id": alice}], NOW
    )
    assert ids(changes.take("profiles", 10, NOW)) == [alice]
    upserted = upsert_customers([{"external_id": "bob", "first_name": "Bob"}], NOW)
    assert ids(changes.take("profiles", 10, NOW)) == [upserted.ids["bob"]]


def test_what_is_rolled_back_was_never_noted():
    with transaction.atomic():
        changes.note([1], NOW)
        transaction.set_rollback(True)
    assert changes.take("profiles", 10, NOW) == []


def test_an_unknown_consumer_is_told_so():
    with pytest.raises(UnknownEntry, match="profiles"):
        changes.take("nobody", 1, NOW)


@pytest.mark.django_db(transaction=True)
def test_rivals_of_one_consumer_share_the_work_while_more_arrives():
    def work(number):
        mine = []
        try:
            for turn in range(20):
                changes.note(range(turn * 10, turn * 10 + 25), NOW)
                taken = changes.take("profiles", 15, NOW)
                mine += ids(taken)
                changes.acknowledge("profiles", taken)
        finally:
            connection.close()
        return mine

    with ThreadPoolExecutor(4) as pool:
        done = [pk for part in pool.map(work, range(4)) for pk in part]
    while taken := changes.take("profiles", 1000, NOW):
        done += ids(taken)
        changes.acknowledge("profiles", taken)
    assert set(done) == set(range(215))
    assert not ChangedCustomer.objects.filter(consumer="profiles").exists()
    assert ChangedCustomer.objects.filter(consumer="segments").count() == 215
