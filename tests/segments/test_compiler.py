"""The SQL of a rule against a second, plain reading of the language, on random people and rules."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.models import CustomerProfile, Lifecycle
from segments.compiler import compile_rule
from segments.operators import OPERATORS, Kind
from tests.factories.histories import Shop
from tests.segments.conftest import AS_OF
from tests.segments.interpreter import fits

PATHS = {"tea": ("drinks/tea", "Leaf"), "milk": ("drinks/milk", ""), "bread": ("bakery", "Oven")}
CITIES = ["Berlin", "berlin", "Aachen", "上海", ""]


def found(rule, as_of=AS_OF):
    query = compile_rule(rule, as_of=as_of)
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        ids = [row[0] for row in cursor.fetchall()]
    assert len(ids) == len(set(ids))
    return set(ids)


def populate(shop: Shop):
    """Twenty people with different histories; returns what the interpreter knows of each."""
    products = {sku: shop.product(sku, path=path, brand=brand) for sku, (path, brand) in PATHS.items()}
    people = {}
    for n in range(20):
        attributes = {"age": n, "vip": n % 2 == 0, "city": CITIES[n % 5]} if n % 4 else {}
        person = shop.customer(f"c{n}", country=["DE", "FR", "", "CN"][n % 4], attributes=attributes)
        facts = {
            "id": person.pk,
            "customer.country": person.country,
            "customer.external_id": person.external_id,
            "customer.created_at": person.created_at,
            "events": [],
            **{f"customer.attributes.{key}": value for key, value in attributes.items()},
        }
        for k in range(n % 6):
            sku = list(PATHS)[(n + k) % 3]
            empty = (n + k) % 7 == 0
            days = -2 if (n + k) % 9 == 0 else (n * 5 + k * 13) % 60 + 0.25
            amount, order = Decimal(n * 3 + k), f"o{n}-{k // 2}"
            shop.event(
                person,
                days,
                type="view" if k == 4 else "purchase",
                product=products[sku],
                amount=str(amount),
                quantity=0 if empty else k + 1,
                quality="no_quantity" if empty else "",
                order=order,
            )
            facts["events"].append(
                {
                    "type": "view" if k == 4 else "purchase",
                    "at": shop.at(days),
                    "product": sku,
                    "path": PATHS[sku][0],
                    "brand": PATHS[sku][1],
                    "amount": amount,
                    "quantity": 0 if empty else k + 1,
                    "order_id": order,
                    "quality": "no_quantity" if empty else "",
                }
            )
        if n % 5:
            values = {
                "recency_days": float(n),
                "orders": n % 4,
                "discount_share": n / 20 if n % 3 else None,
                "lifecycle": Lifecycle.values[n % 6],
                "last_order_at": shop.at(n * 3) if n % 3 else None,
                "category_affinity": {"drinks": n / 20} if n % 2 else {},
            }
            # The profiles of some know more than the moment asked for.
            later = n % 6 == 5
            CustomerProfile.objects.create(
                customer=person, as_of=shop.at(-1 if later else 1), computed_at=AS_OF, **values
            )
            if not later:
                affinity = values.pop("category_affinity")
                facts |= {f"profile.{name}": value for name, value in values.items()}
                facts["profile.category_affinity.drinks"] = affinity.get("drinks")
        people[person.pk] = facts
    return people


numbers = st.integers(0, 20) | st.floats(0, 20, allow_nan=False).map(lambda x: round(x, 2))
pairs = st.tuples(numbers, numbers).map(sorted)
number_ops = st.one_of(
    st.tuples(st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte"]), numbers),
    st.tuples(st.just("between"), pairs),
    st.tuples(st.sampled_from(["in", "not_in"]), st.lists(numbers, min_size=1, max_size=4)),
    st.tuples(st.sampled_from(["is_set", "not_set"]), st.none()),
)


def text_ops(words):
    some = st.sampled_from(words)
    return st.one_of(
        st.tuples(st.sampled_from(["eq", "ne", "contains", "starts_with"]), some),
        st.tuples(st.sampled_from(["in", "not_in"]), st.lists(some, min_size=1, max_size=3)),
        st.tuples(st.sampled_from(["is_set", "not_set"]), st.none()),
    )


days = st.integers(1, 70)
dates = st.dates(datetime(2024, 3, 1).date(), datetime(2024, 6, 10).date()).map(str)
moment_ops = st.one_of(
    st.tuples(st.sampled_from(["within_days", "older_than_days"]), days),
    st.tuples(st.sampled_from(["before", "after"]), dates),
    st.tuples(st.just("between"), st.tuples(dates, dates).map(sorted)),
    st.tuples(st.sampled_from(["is_set", "not_set"]), st.none()),
)


def comparisons(names, ops):
    return st.tuples(st.sampled_from(names), ops).map(
        lambda t: {"field": t[0], "op": t[1][0]} | ({} if t[1][1] is None else {"value": t[1][1]})
    )


fields = st.one_of(
    comparisons(
        [
            "profile.recency_days",
            "profile.orders",
            "profile.discount_share",
            "profile.category_affinity.drinks",
            "customer.attributes.age",
        ],
        number_ops,
    ),
    comparisons(["customer.country", "customer.external_id"], text_ops(["DE", "d", "c1", "c", "%", "_"])),
    comparisons(
        ["customer.attributes.city", "customer.attributes.vip"], text_ops(["Berlin", "b", "上", "true"])
    ),
    comparisons(
        ["customer.attributes.vip", "customer.attributes.city"], st.tuples(st.just("eq"), st.booleans())
    ),
    comparisons(["profile.last_order_at", "customer.created_at"], moment_ops),
    comparisons(
        ["profile.lifecycle"],
        st.tuples(st.sampled_from(["eq", "ne"]), st.sampled_from(Lifecycle.values)),
    ),
)
measures = st.one_of(
    st.just({}),
    st.just({"never": True}),
    st.tuples(
        st.sampled_from(["count", "orders", "quantity", "amount"]),
        st.tuples(st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte"]), st.integers(0, 40))
        | st.tuples(st.just("between"), st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted)),
    ).map(lambda t: {t[0]: {t[1][0]: t[1][1]}}),
)
narrowings = st.sampled_from(
    [
        {},
        {"category": "drinks"},
        {"category": "drinks/tea"},
        {"product": "tea"},
        {"product": ["tea", "bread"]},
        {"brand": "Leaf"},
        {"within_days": 14},
        {"within_days": 40, "category": "bakery"},
    ]
)
behaviours = st.builds(
    lambda event, measure, narrowing: {"event": event, **measure, **narrowing},
    st.sampled_from(["purchase", "view"]),
    measures,
    narrowings,
)
rules = st.recursive(
    fields | behaviours,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda nodes: {"all": nodes}),
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
        inner.map(lambda node: {"not": node}),
    ),
    max_leaves=6,
)


@pytest.fixture
def people(shop):
    return populate(shop)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rule=rules)
def test_random_rules_find_whom_the_plain_reading_finds(people, rule):
    assert found(rule) == {pk for pk, person in people.items() if fits(rule, person, AS_OF)}


@pytest.mark.parametrize(
    ("field", "kind", "value"),
    [
        ("profile.orders", Kind.NUMBER, 2),
        ("customer.country", Kind.TEXT, "DE"),
        ("profile.lifecycle", Kind.CHOICE, "active"),
        ("profile.last_order_at", Kind.MOMENT, "2024-05-01"),
        ("customer.attributes.age", Kind.NUMBER, 7),
        ("customer.attributes.city", Kind.TEXT, "Berlin"),
    ],
)
def test_every_operator_agrees(people, field, kind, value):
    for op in OPERATORS[kind]:
        fitting = {
            "between": ["2024-05-01", "2024-05-20"] if kind is Kind.MOMENT else [1, 3],
            "in": [value],
            "not_in": [value],
            "within_days": 20,
            "older_than_days": 20,
            "in_next_days": 20,
        }.get(op, value)
        rule = {"field": field, "op": op} | ({} if op in ("is_set", "not_set") else {"value": fitting})
        expected = {pk for pk, person in people.items() if fits(rule, person, AS_OF)}
        assert found(rule) == expected, rule
        assert found({"not": rule}) == set(people) - expected


def test_an_earlier_moment_sees_neither_later_events_nor_later_profiles(shop):
    alice = shop.customer("alice")
    shop.event(alice, 5)
    CustomerProfile.objects.create(customer=alice, as_of=shop.at(2), computed_at=AS_OF, orders=1)
    bought = {"event": "purchase"}
    known = {"field": "profile.orders", "op": "gte", "value": 1}
    assert found(bought, shop.at(5)) == set()
    assert found(bought, shop.at(4.9)) == {alice.pk}
    assert found(known, shop.at(2.1)) == set()
    assert found(known, shop.at(2)) == {alice.pk}


def test_consent_is_what_was_agreed_to_by_then(shop):
    alice = shop.customer("alice")
    shop.consent(alice, 20)
    shop.consent(alice, 10, granted=False)
    agreed = {"field": "consent.email", "op": "eq", "value": True}
    assert found(agreed, shop.at(21)) == set()
    assert found(agreed, shop.at(15)) == {alice.pk}
    assert found(agreed, shop.at(5)) == set()
    assert found({"field": "consent.email", "op": "eq", "value": False}, shop.at(21)) == {alice.pk}


def test_of_those_who_object_nothing_is_known(shop):
    alice = shop.customer("alice", no_profiling=True)
    shop.event(alice, 5)
    CustomerProfile.objects.create(customer=alice, as_of=shop.at(2), computed_at=AS_OF, orders=1)
    assert found({"event": "purchase"}) == set()
    assert found({"field": "profile.orders", "op": "is_set"}) == set()
    assert found({"event": "purchase", "never": True}) == {alice.pk}
    assert found({"all": []}) == {alice.pk}


def test_the_moment_is_always_passed_never_read(shop):
    rule = {"field": "customer.created_at", "op": "within_days", "value": 10}
    alice = shop.customer("alice")
    assert found(rule) == set()
    assert found(rule, datetime(2021, 9, 8, tzinfo=UTC)) == {alice.pk}
