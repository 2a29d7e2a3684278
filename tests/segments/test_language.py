"""Version 2 of the language against the plain reading: windows, sums, sequences, messages, shares, tops."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Customer
from profiles.models import CustomerProfile, CustomerScore
from segments import incremental
from segments.models import Segment, SegmentMembership
from segments.refresh import refresh_segment
from segments.services import save_segment
from tests.segments.conftest import AS_OF
from tests.segments.interpreter import fits
from tests.segments.test_compiler import PATHS, found

ZONES = ["Asia/Shanghai", "America/Los_Angeles", "Europe/Berlin", "", "Not/AZone"]
TYPES = ["purchase", "view", "add_to_cart", "coupon_redeemed"]
COLOURS = ["red", "blue", 7, "12.5"]


def populate(shop, seed=3, count=24):
    """People with events of all kinds at random times, many at the same moment or at a day's edge."""
    random = Random(seed)
    products = {sku: shop.product(sku, path=path, brand=brand) for sku, (path, brand) in PATHS.items()}
    people = {}
    for n in range(count):
        zone = ZONES[n % 5]
        attributes = {"due": ["2024-06-05", "2024-05-01T10:00:00+02:00", "soon", 7][n % 4]}
        birthday = ["02-29", "06-03", "06-04", "06-09", "12-31", ""][n % 6]
        person = shop.customer(f"c{n}", time_zone=zone, attributes=attributes, birth_month_day=birthday)
        facts = {
            "id": person.pk,
            "time_zone": "" if zone == "Not/AZone" else zone,
            "customer.birthday": birthday,
            "customer.attributes.due": attributes["due"],
            "events": [],
        }
        for _ in range(random.randrange(9)):
            facts["events"].append(event(shop, person, products, random))
        for m in range(random.randrange(8)):
            facts["events"] += messages(shop, person, n * 100 + m, random)
        if n % 4:
            known = shop.at(random.choice([0.2, 1, 5, 40]))
            CustomerProfile.objects.create(
                customer=person, as_of=shop.at(0.1), computed_at=AS_OF, orders=n % 3, last_order_at=known
            )
            facts |= {"profile.orders": n % 3, "profile.last_order_at": known}
        if n % 3:
            score = round(random.random(), 1)
            CustomerScore.objects.create(
                customer=person, kind="churn", score=score, model_version="1", as_of=shop.at(1)
            )
            facts["score.churn"] = score
        people[person.pk] = facts
    return people


def event(shop, person, products, random):
    kind, sku = (
        random.choice([*TYPES, *TYPES, "purchase", "cancel", "refund", "refund"]),
        random.choice(list(PATHS)),
    )
    if kind in ("cancel", "refund") and random.random() < 0.4:
        sku = None  # the whole order
    days = random.choice([0.1, 0.5, 1, 1.5, 2, 2.5, 7, 14, 30, 33.5, 60])
    properties = {"colour": random.choice(COLOURS), "pool": random.choice(["p1", "p2"])}
    amount, quantity = Decimal(random.randrange(0, 40)), random.randrange(1, 4)
    order = f"o{random.randrange(3)}"
    covers = kind == "refund" and random.random() < 0.3
    shop.event(
        person, days, type=kind, product=products.get(sku), amount=str(amount), quantity=quantity,
        order=order, properties=properties, covers_order=covers,
    )  # fmt: skip
    return {
        "type": kind, "at": shop.at(days), "product": sku,
        "path": PATHS[sku][0] if sku else None, "brand": PATHS[sku][1] if sku else None,
        "amount": amount, "quantity": quantity, "order_id": order, "properties": properties, "source": "shop",
        "covers_order": covers,
    }  # fmt: skip


def messages(shop, person, number, random):
    """A message that was sent, and what became of it."""
    properties = {
        "run": "r", "message": number, "channel": random.choice(["email", "sms"]),
        "reference": random.choice(["a", "b"]),
    }  # fmt: skip
    days = random.choice([1, 3, 9, 20, 50]) + number / 1000
    told = [("message_sent", days, {})]
    if random.random() < 0.5:
        told.append(("message_opened", days - 0.3, {"machine": random.random() < 0.3}))
    if random.random() < 0.3:
        told += [("message_clicked", days - 0.4, {"machine": False})] * 2
    rows = []
    for kind, at, more in told:
        shop.event(person, at, type=kind, amount=None, quantity=None, properties=properties | more)
        rows.append({"type": kind, "at": shop.at(at), "properties": properties | more})
    return rows


numbers = st.integers(0, 60)
comparisons = st.one_of(
    st.tuples(st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte"]), numbers).map(lambda t: {t[0]: t[1]}),
    st.tuples(numbers, numbers).map(lambda t: {"between": sorted(t)}),
)
moments = st.one_of(
    st.sampled_from(["2024-06-03", "2024-06-02T12:00", "2024-05-20", "2024-06-01T00:00:00+08:00"]),
    st.builds(
        lambda unit, shift: {"start_of": unit, "shift": shift},
        st.sampled_from(["day", "week", "month", "quarter", "year"]),
        st.integers(-3, 1),
    ),
)
zones = st.sampled_from([{}, {"zone": "customer"}, {"zone": "shop"}])
windows = st.one_of(
    st.just({}),
    st.builds(lambda n: {"within_days": n}, st.integers(1, 40)),
    st.builds(
        lambda u, n: {"within": {u: n}},
        st.sampled_from(["hours", "days", "weeks", "months"]),
        st.integers(1, 30),
    ),
    st.builds(lambda a, z: {"from": a, **z}, moments, zones),
    st.builds(lambda b, z: {"until": b, **z}, moments, zones),
    st.builds(lambda a, b, z: {"from": a, "until": b, **z}, moments, moments, zones),
)
wheres = st.one_of(
    st.builds(
        lambda op, v: {"property": "colour", "op": op, "value": v},
        st.sampled_from(["eq", "ne"]),
        st.sampled_from(["red", "blue", 7]),
    ),
    st.just({"property": "colour", "op": "in", "value": ["red", "12.5"]}),
    st.just({"property": "nothing", "op": "not_set"}),
    st.builds(
        lambda c, w: {"column": c, "op": next(iter(w)), "value": next(iter(w.values()))},
        st.sampled_from(["amount", "quantity", "hour", "weekday"]),
        comparisons,
    ),
    st.just({"column": "order_id", "op": "eq", "value": "o1"}),
    st.just({"column": "source", "op": "starts_with", "value": "SH"}),
)
narrowings = st.builds(
    lambda *parts: {k: v for part in parts for k, v in part.items()},
    st.sampled_from([{}, {}, {"product": "tea"}, {"brand": ["Leaf", "Oven"]}, {"category": "drinks"}]),
    st.lists(wheres, max_size=2).map(lambda w: {"where": w} if w else {}),
    st.sampled_from([{}, {}, {}, {"earliest": 1}, {"latest": 2}]),
)
measures = st.one_of(
    st.just({}),
    st.just({"never": True}),
    st.builds(lambda m, c: {m: c}, st.sampled_from(["count", "orders", "quantity", "amount"]), comparisons),
    st.builds(
        lambda m, of, c: {m: {"of": of, **c}},
        st.sampled_from(["sum", "average", "largest", "smallest"]),
        st.sampled_from(["amount", "quantity"]),
        comparisons,
    ),
    st.builds(
        lambda of, c: {"distinct": {"of": of, **c}},
        st.sampled_from(["product", "day", "order", "properties.colour"]),
        comparisons,
    ),
    st.builds(
        lambda edge, op, n: {edge: {op: n}},
        st.sampled_from(["first", "last"]),
        st.sampled_from(["within_days", "older_than_days"]),
        st.integers(1, 40),
    ),
)
events = st.sampled_from(TYPES).map(lambda e: {"event": e})
merged = lambda *parts: {k: v for part in parts for k, v in part.items()}  # noqa: E731
behaviours = st.builds(merged, events, windows, narrowings, measures)
sequences = st.builds(
    lambda a, b, unit, n, absent, same: {"sequence": [a, b], "within": {unit: n}, **absent, **same},
    st.builds(merged, events, windows, narrowings),
    st.builds(
        merged, events, st.sampled_from([{}, {"product": "tea"}, {"where": [{"column": "amount", "op": "gt", "value": 9}]}])  # noqa: E501
    ),
    st.sampled_from(["hours", "days", "weeks", "months"]),
    st.integers(1, 24),
    st.sampled_from([{}, {"absent": True}]),
    st.sampled_from([{}, {}, {"same": "product"}, {"same": "order"}]),
)  # fmt: skip
touches = st.builds(
    merged,
    st.sampled_from(["sent", "opened", "clicked", "bounced"]).map(lambda m: {"message": m}),
    st.sampled_from([{}, {"of_last": 1}, {"of_last": 3}]),
    st.sampled_from([{}, {"channel": "email"}, {"campaign": ["a"]}]),
    windows,
    st.sampled_from(
        [{}, {"never": True}, {"count": {"eq": 0}}, {"count": {"gte": 2}}, {"count": {"lte": 1}}]
    ),
)
others = st.one_of(
    st.builds(lambda p, f: {"share": {"percent": p, "salt": "s", "from": f}}, st.integers(1, 50), st.integers(0, 50)),  # noqa: E501
    st.builds(
        lambda f, many, order: {"top": {"field": f, **many, "order": order}},
        st.sampled_from(["score.churn", "profile.orders"]),
        st.sampled_from([{"n": 1}, {"n": 5}, {"percent": 30}]),
        st.sampled_from(["asc", "desc"]),
    ),
    st.builds(lambda n, z: {"field": "customer.birthday", "op": "in_next_days", "value": n, **z}, st.integers(1, 300), zones),  # noqa: E501
    st.sampled_from([
        {"field": "customer.birthday", "op": "on", "value": "12-31"},
        {"field": "customer.birthday", "op": "month", "value": 6},
        {"field": "customer.attributes.due", "op": "in_next_days", "value": 3},
        {"field": "customer.attributes.due", "op": "before", "value": "2024-05-02"},
        {"coupon": "redeemed", "pool": "p1", "within_days": 30},
        {"coupon": "redeemed", "never": True},
    ]),
    st.builds(
        lambda op, v, z: {"field": "profile.last_order_at", "op": op, "value": v, **z},
        st.sampled_from(["before", "after"]), moments, zones,
    ),
)  # fmt: skip
leaves = behaviours | sequences | touches | others
rules = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"all": nodes}),
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
        inner.map(lambda node: {"not": node}),
        st.builds(lambda of: {"top": {"field": "score.churn", "n": 3, "of": of}}, inner),
    ),
    max_leaves=4,
)
calm = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def people(shop):
    return populate(shop)


@calm
@given(rule=rules)
def test_any_rule_finds_whom_the_plain_reading_finds(people, rule):
    assert found(rule) == {pk for pk, person in people.items() if fits(rule, person, AS_OF, people)}


@pytest.mark.parametrize(
    "moment", [datetime(2024, 3, 31, 0, 30, tzinfo=UTC), datetime(2024, 3, 31, 1, 30, tzinfo=UTC)]
)
def test_a_day_begins_by_the_customers_clock_also_when_it_changes(shop, moment):
    """On that day Berlin's clock goes from 2 to 3; in Beirut the day itself begins at 1."""
    rule = {"event": "view", "from": {"start_of": "day"}, "zone": "customer"}
    begins = {
        "Europe/Berlin": datetime(2024, 3, 30, 23, tzinfo=UTC),
        "Asia/Beirut": datetime(2024, 3, 30, 22, tzinfo=UTC),
    }
    expected = set()
    for zone, start in begins.items():
        for minutes in (-1, 0):
            person = shop.customer(f"{zone} {minutes}", time_zone=zone)
            at = start + timedelta(minutes=minutes)
            shop.event(person, (AS_OF - at) / timedelta(days=1), type="view")
            if minutes == 0:
                expected.add(person.pk)
    assert found(rule, moment) == expected


def test_incremental_and_complete_come_to_the_same(shop):
    """Twenty segments, half of the people change, and the other half stays."""
    people = populate(shop, seed=11)
    examples = [
        {"event": "purchase", "count": {"gte": 2}},
        # No event is so old that the minute alone, which is for complete refreshes, moves somebody.
        {"event": "purchase", "never": True, "within_days": 29},
        {
            "sequence": [{"event": "add_to_cart"}, {"event": "purchase"}],
            "within": {"days": 5},
            "absent": True,
        },
        {"message": "opened", "of_last": 2, "count": {"eq": 0}},
        {"top": {"field": "score.churn", "n": 4}},
        {
            "all": [
                {"share": {"percent": 50, "salt": "x"}},
                {"field": "profile.orders", "op": "gte", "value": 1},
            ]
        },
        {"event": "view", "latest": 1, "product": "tea"},
        {"not": {"segment": "s0"}},
    ]
    segments = []
    for number, rule in enumerate(examples):
        segments.append(save_segment(Segment(name=f"s{number}", slug=f"s{number}", rule=rule), now=AS_OF))
        refresh_segment(segments[-1], as_of=AS_OF, now=AS_OF)
    random, changed = Random(5), sorted(people)[::2]
    for pk in changed:
        for _ in range(3):
            shop_event(shop, pk, random)
    CustomerScore.objects.filter(customer_id__in=changed[:3]).update(score=1.5)
    later = AS_OF + timedelta(minutes=1)
    whole = incremental.refresh_customers(changed, as_of=later, now=later)
    assert whole == {"s4"}
    after = stays()
    for segment in segments:
        run = refresh_segment(segment, as_of=later, now=later)
        if segment.slug != "s4":
            assert (run.error, run.entered, run.left) == ("", 0, 0), segment.slug
            assert after[segment.pk] == found(segment.rule, later)
    segments[0].refresh_from_db()
    assert segments[0].size == len(after[segments[0].pk])


def shop_event(shop, customer_id, random):
    kind = random.choice(["purchase", "view", "add_to_cart"])
    shop.event(Customer.objects.get(pk=customer_id), random.choice([0.01, 3, 12]), type=kind)


def stays():
    rows: dict = {pk: set() for pk in Segment.objects.values_list("pk", flat=True)}
    for segment, customer in SegmentMembership.objects.filter(left_at=None).values_list(
        "segment", "customer"
    ):
        rows[segment].add(customer)
    return rows


def test_a_rule_costs_one_statement(people, django_assert_num_queries):
    rule = {
        "all": [{"event": "purchase"}, {"top": {"field": "score.churn", "n": 5, "of": {"event": "view"}}}]
    }
    with django_assert_num_queries(1):
        found(rule)
