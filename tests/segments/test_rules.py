"""What is not a rule is refused, with the place and what to do."""

import pytest
from django.db import connection

from segments.compiler import SegmentCircleError, compile_rule
from segments.models import Segment
from segments.rules import RuleError
from segments.services import save_segment
from tests.segments.conftest import AS_OF

pytestmark = pytest.mark.django_db

ORDERS = {"field": "profile.orders", "op": "gte", "value": 1}


def refused(rule):
    with pytest.raises(RuleError) as caught:
        compile_rule(rule, as_of=AS_OF)
    return caught.value


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({}, ""),
        ([], ""),
        (None, ""),
        ("everyone", ""),
        ({"al": []}, ""),
        ({"all": {}}, "all"),
        ({"any": []}, "any"),
        ({"all": [ORDERS], "any": [ORDERS]}, ""),
        ({"all": [ORDERS, {"not": {"any": [ORDERS, 7]}}]}, "all[1].not.any[1]"),
        ({"field": "profile.orders"}, "op"),
        ({"field": "profile.orders", "op": "gte"}, "value"),
        ({"field": "profile.orders", "op": "gte", "value": "1"}, "value"),
        ({"field": "profile.orders", "op": "gte", "value": True}, "value"),
        ({"field": "profile.orders", "op": "gte", "value": float("nan")}, "value"),
        ({"field": "profile.orders", "op": "gte", "value": float("inf")}, "value"),
        ({"field": "profile.orders", "op": "gte", "value": 10**400}, "value"),
        ({"field": "profile.orders", "op": "between", "value": [5, 1]}, "value"),
        ({"field": "profile.orders", "op": "in", "value": []}, "value"),
        ({"field": "profile.orders", "op": "in", "value": list(range(1001))}, "value"),
        ({"field": "profile.orders", "op": "is_set", "value": 1}, "value"),
        ({"field": "profile.orders", "op": "contains", "value": "1"}, "op"),
        ({"field": "profile.orders", "op": "gte", "value": 1, "extra": 1}, ""),
        ({"field": "profile.secret", "op": "is_set"}, "field"),
        ({"field": "customer.email", "op": "eq", "value": "a@b.c"}, "field"),
        ({"field": "customer.attributes", "op": "is_set"}, "field"),
        ({"field": "customer.attributes.", "op": "is_set"}, "field"),
        ({"field": "consent.pigeon", "op": "eq", "value": True}, "field"),
        ({"field": "consent.email", "op": "eq", "value": "yes"}, "value"),
        ({"field": "profile.lifecycle", "op": "eq", "value": "happy"}, "value"),
        ({"field": "profile.last_order_at", "op": "before", "value": "soon"}, "value"),
        ({"field": "profile.last_order_at", "op": "within_days", "value": 0}, "value"),
        ({"field": "profile.last_order_at", "op": "within_days", "value": 1.5}, "value"),
        ({"field": "customer.country", "op": "eq", "value": "D\0E"}, "value"),
        ({"field": "customer.country", "op": "eq", "value": "\ud800"}, "value"),
        ({"field": "customer.country", "op": "eq", "value": "x" * 501}, "value"),
        ({"field": "customer.attributes.a\0", "op": "is_set"}, "field"),
        ({"event": "sneeze"}, "event"),
        ({"event": "purchase", "count": 3}, "count"),
        ({"event": "purchase", "count": {"gte": 1, "lte": 2}}, "count"),
        ({"event": "purchase", "count": {"about": 1}}, "count"),
        ({"event": "purchase", "count": {"gte": "1"}}, "count.gte"),
        ({"event": "purchase", "count": {"gte": 1}, "never": True}, ""),
        ({"event": "purchase", "never": False}, "never"),
        ({"event": "purchase", "within_days": -1}, "within_days"),
        ({"event": "purchase", "category": ["a", 1]}, "category[1]"),
        ({"event": "purchase", "properties": {"a": 1}}, "properties.a"),
        ({"segment": "nobody-knows"}, "segment"),
        ({"segment": 7}, "segment"),
    ],
)
def test_what_is_refused(rule, path):
    error = refused(rule)
    assert error.path == path
    assert error.message


def test_depth_and_size_are_limited():
    deep = ORDERS
    for _ in range(9):
        deep = {"not": deep}
    compile_rule(deep, as_of=AS_OF)
    assert "10 levels" in refused({"not": deep}).message
    compile_rule({"any": [ORDERS] * 200}, as_of=AS_OF)
    assert "200 conditions" in refused({"any": [ORDERS] * 201}).message
    assert "200 conditions" in refused({"all": [{"any": [ORDERS] * 101}, {"any": [ORDERS] * 100}]}).message


def test_a_rule_nested_far_beyond_the_stack_is_refused():
    deep = ORDERS
    for _ in range(100_000):
        deep = {"not": deep}
    assert "10 levels" in refused(deep).message


INJECTIONS = [
    "'; DROP TABLE customers_customer; --",
    "%s",
    "%(x)s",
    "{v}",
    "{as_of}",
    "\\",
    '"',
    "1) OR (1=1",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_a_rule_says_becomes_sql(shop, text):
    alice = shop.customer("alice", country="DE", attributes={text: text})
    for rule, expected in [
        ({"field": "customer.external_id", "op": "eq", "value": text}, []),
        ({"field": "customer.external_id", "op": "contains", "value": text}, []),
        ({"field": "customer.external_id", "op": "in", "value": [text]}, []),
        ({"field": f"customer.attributes.{text}", "op": "eq", "value": text}, [alice.pk]),
        ({"field": f"profile.category_affinity.{text}", "op": "gt", "value": 0}, []),
        ({"event": "purchase", "category": text}, []),
        ({"event": "purchase", "product": text, "brand": [text]}, []),
        ({"event": "purchase", "properties": {text: text}}, []),
    ]:
        query = compile_rule(rule, as_of=AS_OF)
        with connection.cursor() as cursor:
            cursor.execute(query.sql, query.params)
            assert [row[0] for row in cursor.fetchall()] == expected
    refused({"field": text, "op": "eq", "value": 1})
    refused({"field": "profile.orders", "op": text, "value": 1})
    refused({"event": text})
    refused({"segment": text})


def make(slug, rule):
    return Segment.objects.create(slug=slug, name=slug, rule=rule, created_at=AS_OF)


def test_segments_may_name_each_other_but_not_in_a_circle(shop):
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.event(alice, 3)
    make("buyers", {"event": "purchase"})
    make("others", {"not": {"segment": "buyers"}})
    query = compile_rule({"segment": "others"}, as_of=AS_OF)
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        assert cursor.fetchall() == [(bob.pk,)]
    Segment.objects.filter(slug="buyers").update(rule={"segment": "others"})
    for rule in ({"segment": "buyers"}, {"any": [ORDERS, {"segment": "others"}]}):
        with pytest.raises(SegmentCircleError, match="circle"):
            compile_rule(rule, as_of=AS_OF)


def test_a_segment_that_would_close_a_circle_is_not_saved(shop):
    first = make("first", {"event": "purchase"})
    make("second", {"segment": "first"})
    first.rule = {"all": [{"segment": "second"}]}
    with pytest.raises(SegmentCircleError):
        save_segment(first, now=AS_OF)
    first.refresh_from_db()
    assert first.rule == {"event": "purchase"}


def test_the_conditions_of_named_segments_count():
    make("large", {"any": [ORDERS] * 150})
    error = refused({"any": [{"segment": "large"}, {"segment": "large"}]})
    assert "200 conditions" in error.message


def test_a_broken_segment_is_named():
    make("broken", {"field": "profile.gone", "op": "is_set"})
    error = refused({"all": [{"segment": "broken"}]})
    assert error.path == "all[0].segment"
    assert error.message.startswith("broken: There is no field “profile.gone”")
