"""The way in by columns says exactly what the way in by single events says."""

from datetime import UTC, datetime
from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.api import EVENT_SCHEMA
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
     {"amount": "1e9", "currency": "USD"}, {"amount": 0.1 + 0.2, "currency": "EUR"},
     {"amount": "999999999999.999", "currency": "USD"}, {"amount": "1_0", "currency": "USD"},
     {"amount": True, "currency": "USD"}, {"amount": "1.2345", "currency": "USD"}, 999999999.9996,
     "2026-02-01T10:00:00+08:00", "2026-02-01", "20260201T100000Z", "0001-01-01T00:00:00+14:00", "2", "1e3"]
)  # fmt: skip
FIELDS = [
    "message_id", "type", "source", "occurred_at", "customer", "anonymous_id", "sku", "order_id", "quantity",
    "amount", "discount", "search", "properties", "unknown",
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


@hypothesis_settings(max_examples=150, deadline=None)
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


def amount(number, currency="USD"):
    return {"amount": number, "currency": currency}


@pytest.mark.parametrize("field", ["amount", "discount"])
@pytest.mark.parametrize(
    "value",
    [
        amount("1e9"), amount("1E2"), amount("1_000"), amount("１２"), amount(" 1"), amount("+1"),
        amount("-1"), amount(".5"), amount("5."), amount("1.2345"), amount("1234567890123"), amount(10**12),
        amount(-0.01), amount(True), amount(None), amount([1]), amount("1", "EURO"), amount("1", 5),
        amount("1") | {"x": 1}, "1", 1, [],
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused_alike_by_the_document_and_the_parser(field, value):
    errors = read([event(**{field: value})], now=NOW, default_source="api").rejected
    assert list(errors) == [0] and list(errors[0]) == [field]
    assert not jsonschema.Draft202012Validator(EVENT_SCHEMA["properties"][field]).is_valid(value)


def test_what_no_column_could_hold_is_refused(settings):
    settings.SHOP_EXCHANGE_RATES = {"BTC": "90000"}
    rows = [event("a", amount=amount("999999999999.999")), event("b", amount=amount("99999999", "BTC"))]
    rejected = read(rows, now=NOW, default_source="api").rejected
    assert rejected == {n: {"amount": ["Is more than can be kept in USD."]} for n in (0, 1)}


@pytest.mark.parametrize("value", ["0", "12.30", "999999999999.99", 0, 5, 0.1 + 0.2, 1e9, 1e-7])
def test_what_is_an_amount_is_taken_by_both(value):
    document = jsonschema.Draft202012Validator(EVENT_SCHEMA["properties"]["amount"])
    assert document.is_valid(amount(value))
    batch = read([event(amount=amount(value), discount=amount(value))], now=NOW, default_source="api").batch
    assert len(batch) == 1
    assert Decimal(batch.original_amount[0]) == round(Decimal(str(value)), 3)
    assert Decimal(batch.discount[0]) == Decimal(batch.amount[0])


@pytest.mark.parametrize(("value", "right"), [
    (2, True), (1.5, True), ("1.5", True), ("2", True), (999_999_999, True), (999_999_999.9996, False),
    ("1e3", False), (-1, False), ("-1", False), (True, False), (float("inf"), False), ("", False),
    ([], False),
])  # fmt: skip
def test_quantities_are_the_same_to_the_document_and_the_parser(value, right):
    document = jsonschema.Draft202012Validator(EVENT_SCHEMA["properties"]["quantity"])
    assert document.is_valid(value) is right
    assert (len(read([event(quantity=value)], now=NOW, default_source="api").batch) == 1) is right


def test_a_discount_without_a_rate_is_marked(settings):
    settings.SHOP_EXCHANGE_RATES = {"EUR": "1.10"}
    rows = [event("a", discount=amount("1.00", "EUR")), event("b", discount=amount("1.00", "XXX"))]
    batch = read(rows, now=NOW, default_source="api").batch
    assert (batch.discount, batch.quality) == (["1.10", None], ["", "no_rate"])
