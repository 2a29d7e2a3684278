"""The platform's own events."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from customers.models import Identifier
from events.models import Event
from events.services import prepare_months, record
from tests.factories.customers import make_customer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_an_event_is_recorded_once_with_the_customers_own_actor():
    alice = make_customer("alice", email="alice@example.com")
    row = {
        "source": "rapport",
        "message_id": "sent:1",
        "type": "message_sent",
        "customer_id": alice.pk,
        "occurred_at": NOW,
        "discount": Decimal("1.50"),
        "properties": {"run": "7"},
    }
    assert record([row, row], NOW) == 1
    assert record([row], NOW) == 0
    stored = Event.objects.get()
    assert stored.actor_id == Identifier.objects.get(customer=alice, kind="external_id").pk
    assert (stored.discount, stored.properties, stored.quality) == (Decimal("1.50"), {"run": "7"}, "")


def test_nothing_to_record_is_nothing():
    assert record([], NOW) == 0


def test_months_are_made_ahead():
    assert prepare_months(NOW) == ["events_event_202603", "events_event_202604", "events_event_202605"]
    assert prepare_months(NOW) == []
