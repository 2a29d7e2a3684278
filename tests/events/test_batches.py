"""The way in by columns says exactly what the way in by single events says."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.batches import Batch, read
from events.parsing import EventIn, InvalidEvent, parse_event
from tests.factories.events import event

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ODD = st.sampled_from(
    [None, "", "  ", "x", "\0", "\ud800", "x" * 300, " c ", "Ａ", "a\nb", 7, -1, 1.5, float("nan"), 10**40,
     True, [], {},
     {"email": "A@Example.com"}, {"email": "no"}, {"household": "h"},
     {"external_id": "c", "phone": "+4930123456"},
     {"name": "x"}, {"rating": 3}, {"text": "fine"}, {"a": [None, "\\", '"']}, {"a": "null"},
     {"dwell_seconds": -1},
     {"amount": "1.00", "currency": "usd"}, {"amount": 0, "currency": "XXX"}, {"amount": "1"},
     "2026-02-01T10:00:00+08:00", "2026-02-01", "20260201T100000Z", "0001-01-01T00:00:00+14:00", "2", "1e3"]
)  # fmt: skip
FIELDS = [
    "message_id", "type", "source", "occurred_at", "customer", "anonymous_id", "sku", "order_id", "quantity",
    "amount", "search", "properties", "unknown",
]  # fmt: skip
TYPES = ["view", "search", "purchase", "refund", "rating", "review", "custom", "visit"]


def singly(events):
    """Return what the parser of single events makes of them."""
    batch, rejected = Batch(), {}
    for index, raw in enumerate(events):
        try:
            parsed = raw if isinstance(raw, EventIn) else parse_event(raw, now=NOW, default_source="api")
            batch.append(index, parsed)
        except InvalidEvent as error:
            rejected[index] = error.errors
    return batch, rejected


def same(events):
    found = read(events, now=NOW, default_source="api")
    batch, rejected = singly(events)
    assert found.rejected == rejected
    for name in Batch.__slots__:
        ours, theirs = getattr(found.batch, name), getattr(batch, name)
        if name == "moment":
            ours, theirs = ([datetime.fromisoformat(m) for m in column] for column in (ours, theirs))
        if name in ("quantity", "amount", "original_amount"):
            ours, theirs = ([None if n is None else Decimal(n) for n in column] for column in (ours, theirs))
        assert ours == theirs, name


@settings(max_examples=150, deadline=None)
@given(st.lists(
    st.tuples(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=3)),
    min_size=9, max_size=24,
))  # fmt: skip
def test_columns_and_single_events_agree(changes):
    whole = {"search": "tea", "properties": {"rating": 4, "text": "t", "name": "n"}}
    same([{**event(f"m{i}"), "type": kind, **whole, **odd} for i, (kind, odd) in enumerate(changes)])


@pytest.mark.parametrize("field", FIELDS)
def test_one_odd_event_among_many_good_ones(field):
    good = [event(f"m{i}") for i in range(40)]
    for value in ["\0", [], {"a": float("nan")}, -1, "y" * 600]:
        same([*good[:17], event("odd") | {field: value}, *good[17:]])


@pytest.mark.parametrize("field", ["message_id", "source", "customer", "anonymous_id", "sku", "order_id"])
@pytest.mark.parametrize("value", [" ", "\t\n", "\u3000", "\x85", "", " x", "x ", "a b"])
@pytest.mark.parametrize("place", [0, 19])
def test_a_blank_text_is_found_wherever_it_stands(field, value, place):
    rows = [event(f"m{i}") for i in range(20)]
    rows[place][field] = value
    same(rows)


@pytest.mark.parametrize(
    "amount",
    [
        {"amount": "1.5", "currency": "USD"}, {"amount": "1.005", "currency": "USD"},
        {"amount": 1.5, "currency": "USD"}, {"amount": "1.50", "currency": "usd"},
        {"amount": "1.50", "currency": "EUR"}, {"amount": "1.50", "currency": "USD", "more": 1},
        {"amount": "1.50"}, {"amount": "١.٥٠", "currency": "USD"}, {"amount": "1.50\n", "currency": "USD"},
        {"amount": "1.50\0", "currency": "USD"}, {"amount": "9" * 13 + ".00", "currency": "USD"},
        {"amount": "-1.50", "currency": "USD"}, {"amount": [], "currency": []}, "1.50", [], ["amount"], 3,
    ],
)  # fmt: skip
def test_amounts_of_every_kind_among_plain_ones(amount):
    rows = [event(f"m{i}", amount={"amount": "12.30", "currency": "USD"}) for i in range(20)]
    same([*rows, event("odd", amount=amount)])
    same([event("odd", amount=amount), *rows])


def test_good_events_never_take_the_slow_way(monkeypatch):
    def slow(*args, **kwargs):
        raise AssertionError("A good batch was looked at event by event.")

    monkeypatch.setattr("events.batches.parse_event", slow)
    rows = [event(f"m{i}", properties={"a": None, "b": ["\n", "绿茶"]}) for i in range(20)]
    rows += [
        event(f"v{i}", type="view", customer=None, anonymous_id="cookie", quantity=None) for i in range(20)
    ]
    rows += [event(f"d{i}", properties={"{": [[[]]], "name": "null"}) for i in range(20)]
    rows += [event(f"o{i}", customer={"email": "ada@example.com"}, quantity="1.5") for i in range(20)]
    found = read(rows, now=NOW, default_source="api")
    assert (len(found.batch), found.rejected) == (80, {})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"type": "rating", "properties": {}}, "rating: Send the rating"),
        ({"type": "rating", "properties": {"rating": "5"}}, "rating: Send the rating"),
        ({"type": "review", "properties": {"text": " "}}, "text: Send what was written"),
        ({"type": "custom"}, "name: Send what happened"),
        ({"type": "view", "properties": {"dwell_seconds": -3}}, "dwell_seconds: Send how long"),
    ],
)
def test_what_a_type_carries_is_asked_for(fields, told):
    errors = read([event(**fields)], now=NOW, default_source="api").rejected[0]
    assert list(errors) == ["properties"]
    assert errors["properties"][0].startswith(told)


@pytest.mark.parametrize("kind", ["refund", "cancel"])
def test_what_is_taken_back_names_its_order(kind):
    errors = read([event(type=kind, order_id=None)], now=NOW, default_source="api").rejected[0]
    assert list(errors) == ["order_id"]
