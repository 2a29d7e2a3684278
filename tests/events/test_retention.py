"""Months that are older than what is kept go, with their keys, and do not come back."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from events.models import Event, EventKey, QuarantinedEvent
from events.retention import drop_months, floor
from events.services import ingest
from tests.factories.events import event

NOW = datetime(2024, 3, 15, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def partitions():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree('events_event') WHERE isleaf")
        return {name for (name,) in cursor.fetchall()}


def test_old_months_are_dropped_with_their_keys(settings):
    ingest([event("old", occurred_at="2023-11-30T23:59:59Z"),
            event("edge", occurred_at="2023-12-01T00:00:00Z"),
            event("new", occurred_at="2024-03-01T00:00:00Z")], now=NOW)  # fmt: skip
    assert drop_months(NOW) == []
    settings.EVENTS_KEEP_MONTHS = 3
    assert floor(NOW) == datetime(2023, 12, 1, tzinfo=UTC)
    assert "events_event_202311" in drop_months(NOW)
    assert "events_event_202311" not in partitions()
    assert {"events_event_202312", "events_event_202403", "events_event_default"} <= partitions()
    assert set(Event.objects.values_list("message_id", flat=True)) == {"edge", "new"}
    assert set(EventKey.objects.values_list("message_id", flat=True)) == {"edge", "new"}
    late = ingest([event("old", occurred_at="2023-11-30T23:59:59Z")], now=NOW)
    assert (late.accepted, late.quarantined) == (0, [{"index": 0, "reason": "too_old"}])
    assert QuarantinedEvent.objects.get().message_id == "old"
    assert Event.objects.count() == 2
    assert drop_months(NOW) == []
