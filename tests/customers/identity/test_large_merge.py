"""A merge of a customer with 100,000 events, and its undo: every row of every table as it was."""

import sys
import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from customers.identity import Reference, merging, resolve_people
from customers.models import Customer, CustomerMerge
from events.models import Event
from events.store import append
from tests.factories.tables import checksums

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
EVENTS = 100_000


def test_a_hundred_thousand_events_go_and_come_back():
    people = [
        [Reference("external_id", name), Reference("email", f"{name}@example.com")]
        for name in ("kept", "merged")
    ]
    actors = resolve_people(people, NOW, create=True)
    facts = pl.DataFrame(
        {
            "source": "shop",
            "message_id": [f"m{n}" for n in range(2 * EVENTS)],
            "type": "view",
            "actor_id": [actors[n % 2].identifier_id for n in range(2 * EVENTS)],
            "customer_id": [actors[n % 2].customer_id for n in range(2 * EVENTS)],
            "quality": "",
            "occurred_at": [NOW - timedelta(minutes=n % 200_000) for n in range(2 * EVENTS)],
            "received_at": NOW,
        }
    )
    append(facts)
    kept, merged = (Customer.objects.get(external_id=name) for name in ("kept", "merged"))
    before = checksums()
    started = time.perf_counter()
    merge = merging.merge(kept, merged, now=NOW)
    merged_in = time.perf_counter() - started
    assert Event.objects.filter(customer=kept).count() == 2 * EVENTS
    assert len(CustomerMerge.objects.get().merged_record) < 20_000  # actors, not events, are remembered
    started = time.perf_counter()
    merging.undo(merge, now=NOW)
    undone_in = time.perf_counter() - started
    assert checksums() == before
    sys.stderr.write(f"merge {merged_in:.2f} s, undo {undone_in:.2f} s for {EVENTS:,} events\n")
