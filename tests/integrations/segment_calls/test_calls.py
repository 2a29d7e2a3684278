"""Calls as Segment's documentation and SDKs write them, and the exact rows they become."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from customers.models import Customer
from events.models import Event, QuarantinedEvent
from tests.integrations.segment_calls.calls import AT, ORDER, rows, track


def test_a_track_call_answers_as_segment_does(server):
    answer = server.post(
        "track", track("Item Purchased", {"name": "Leap to Conclusions Mat", "revenue": 14.99})
    )
    assert answer.status_code == 200
    assert answer.json() == {"success": True}
    event = Event.objects.get()
    assert (event.type, event.source, event.message_id) == ("custom", "segment", "m1")
    assert event.occurred_at == AT
    assert event.customer.external_id == "u1"
    assert event.properties == {
        "name": "Item Purchased",
        "label": "Leap to Conclusions Mat",
        "revenue": 14.99,
    }
    assert event.amount is None


def test_the_context_comes_along_without_addresses_of_people(server):
    context = {
        "ip": "8.8.8.8",
        "userAgent": "Mozilla/5.0",
        "locale": "en-US",
        "campaign": {"name": "TPS", "source": "Newsletter", "medium": "email"},
        "page": {"path": "/academy/", "title": "Academy", "referrer": ""},
        "library": {"name": "analytics.js", "version": "2.11.1"},
        "device": {"id": "B5372DB0", "token": "ff15"},
    }
    server.post("page", {"anonymousId": "a1", "name": "Home", "messageId": "p1", "context": context})
    event = Event.objects.get()
    assert (event.type, event.customer) == ("visit", None)
    assert event.properties == {
        "name": "Home",
        "context": {
            "campaign": {"name": "TPS", "source": "Newsletter", "medium": "email"},
            "locale": "en-US",
            "page": {"path": "/academy/", "title": "Academy"},
            "library": "analytics.js",
        },
    }


@pytest.mark.parametrize("short", ["t", "b", "p", "i", "s", "g", "a"])
def test_the_browser_sdk_writes_first_letters(server, short):
    kind = {"t": "track", "b": "batch"}.get(short)
    body = {
        "userId": "u1",
        "anonymousId": "a1",
        "previousId": "a1",
        "groupId": "g1",
        "event": "x",
        "messageId": "1",
    }
    if kind == "batch":
        body = {"batch": [body | {"type": "track"}]}
    assert server.post(short, body, content_type="text/plain;charset=UTF-8").status_code == 200


def test_the_clock_of_a_device_is_corrected(server):
    """Its clock is three days ahead; what it did an hour before sending happened an hour ago."""
    before = clock.now()
    sent = before + timedelta(days=3)
    body = track("Clicked") | {"timestamp": (sent - timedelta(hours=1)).isoformat()}
    server.post("batch", {"batch": [body | {"type": "track"}], "sentAt": sent.isoformat()})
    event = Event.objects.get()
    hour_ago = before - timedelta(hours=1)
    assert hour_ago <= event.occurred_at <= hour_ago + timedelta(minutes=1)
    assert not QuarantinedEvent.objects.exists()


def test_dates_are_read_as_loosely_as_segment_writes_them(server):
    server.post("track", track("x", timestamp="2015-2-02T00:30:08.276Z"))
    assert Event.objects.get().occurred_at == datetime(2015, 2, 2, 0, 30, 8, 276000, tzinfo=UTC)


def test_the_same_message_is_one_event(server):
    for _ in range(3):
        assert server.post("track", track("Order Completed", ORDER)).status_code == 200
    assert Event.objects.count() == 2


def test_good_ones_of_a_batch_are_kept(server):
    batch = [
        track("a", type="track"),
        {"type": "track", "userId": "u"},
        7,
        track("b", type="x", messageId="m2"),
    ]
    answer = server.post("batch", {"batch": batch})
    assert answer.status_code == 200
    body = answer.json()
    assert [(r["index"], list(r["errors"])) for r in body["rejected"]] == [
        (1, ["event"]),
        (2, ["message"]),
        (3, ["type"]),
    ]
    assert [row[1] for row in rows()] == ["m1"]


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("track", b"{"),
        ("track", b"[]"),
        ("track", b"null"),
        ("track", {}),
        ("track", {"event": "x"}),
        ("track", {"userId": "u", "event": 7.5}),
        ("track", {"userId": {"$ne": 1}, "event": "x"}),
        ("track", {"userId": "a\0", "event": "x"}),
        ("track", {"userId": "u", "event": "x", "properties": []}),
        ("track", {"userId": "u", "event": "x", "properties": {"a": {"b": "\ud800"}}}),
        ("track", {"userId": "u", "event": "x", "timestamp": "yesterday-ish"}),
        ("track", {"userId": "u", "event": "x", "timestamp": ["2026"]}),
        ("batch", {"batch": []}),
        ("batch", {"batch": "x"}),
        ("batch", {"batch": [{}] * 1001}),
        ("batch", {"batch": [{}]}),
        ("identify", {"traits": {"email": "a@b.example"}}),
        ("alias", {"userId": "u"}),
        ("group", {"userId": "u"}),
    ],
)
def test_what_is_malformed_is_a_problem(server, call, body):
    answer = server.post(call, body)
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 400
    assert not Event.objects.exists()
    assert not Customer.objects.exists()


def test_too_large_is_413_also_packed(server, settings):
    settings.API_MAX_BODY_BYTES = 1000
    assert server.post("track", track("x" * 2000)).status_code == 413
    bomb = gzip.compress(b" " * 10_000_000)
    answer = server.post("track", bomb, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert server.post("track", b"no gzip", **{"Content-Encoding": "gzip"}).status_code == 400


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!", "Basic eA==", "Bearer x", "Api-Key x"])
def test_without_a_key_nothing_is_taken(db, client, header):
    answer = client.post(
        "/v1/track",
        json.dumps(track("x")),
        "application/json",
        headers={"Authorization": header} if header else {},
    )
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert not Event.objects.exists()


def test_a_future_event_is_held_and_said_so(server):
    future = (clock.now() + timedelta(days=3)).isoformat()
    answer = server.post("track", track("x", timestamp=future)).json()
    assert answer == {"success": True, "quarantined": [{"index": 0, "reason": "future"}]}
    assert not Event.objects.exists()
