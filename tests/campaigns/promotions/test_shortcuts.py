"""What makes a cart quick changes nothing: shared rules, lines found by name, promotions known by a sum."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.promotions import running, selectors
from campaigns.promotions.applicator import apply
from campaigns.promotions.carts import Cart, Line, Shopper, Situation
from campaigns.promotions.models import Promotion
from campaigns.promotions.selections import MEMBERS, Selection
from customers.models import Customer
from events.services import ingest
from tests.campaigns.promotions import plain
from tests.campaigns.promotions.shop import NOW, D, amounts, offer
from tests.factories.promotions import PromotionFactory

words = st.sampled_from(["a", "b", "c", "a/b", "a/b/c", "ab", "a/bc"])
carts = st.lists(
    st.builds(
        Line,
        words,
        st.integers(1, 6).map(D),
        st.decimals("0", "90", places=2),
        st.one_of(st.just(""), words),
        st.one_of(st.just(""), words),
        st.one_of(st.just(""), words),
    ),
    max_size=7,
).map(lambda lines: Cart(tuple(lines), "USD"))
selected = st.dictionaries(st.sampled_from(MEMBERS), st.lists(words, min_size=1, max_size=3), min_size=1)


@given(carts, st.one_of(st.just({}), selected))
def test_lines_are_found_as_each_would_be_by_itself(cart, named):
    selection = Selection(**{member: frozenset(names) for member, names in named.items()})
    found = [i for i, line in enumerate(cart.lines) if selection.is_everything or selection.matches(line)]
    assert list(selection.of(cart)) == found


benefits = st.one_of(
    st.builds(lambda p, on: {"kind": "percent", "percent": str(p), "on": on}, st.integers(1, 60), selected),
    st.builds(lambda a: {"kind": "amount", "amount": str(a)}, st.decimals("0.01", "60", places=2)),
    st.builds(lambda n, on: {"kind": "cheapest_free", "every": n, "on": on}, st.integers(2, 3), selected),
    st.just(
        {"kind": "spend_save", "tiers": [{"spend": "20", "save": "7"}, {"spend": "90", "percent": "33"}]}
    ),
)
conditions = st.lists(
    st.one_of(
        st.builds(lambda a: {"kind": "basket_amount", "min": str(a)}, st.sampled_from([5, 50, 200])),
        st.builds(lambda c: {"kind": "categories", "any": c}, st.lists(words, min_size=1, max_size=2)),
        st.just({"kind": "segment", "any": ["loyal"]}),
        st.just({"kind": "orders", "min": 1}),
    ),
    max_size=2,
)
stated = st.lists(
    st.tuples(
        benefits,
        conditions,
        st.sampled_from(["always", "common", "common", "never"]),
        st.integers(0, 2),
        st.one_of(st.none(), st.decimals("0", "30", places=2)),
    ),
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(carts, stated, st.booleans())
def test_shared_rules_and_lines_by_name_give_what_the_plain_way_gives(cart, rules, loyal):
    shopper = Shopper(1, int(loyal), frozenset(["loyal"] if loyal else []))
    situation = Situation(cart, shopper, NOW)
    alone, shared = [], []
    for n, (benefit, asked, stacking, priority, left) in enumerate(rules):
        one = offer(f"p{n}", benefit, *asked, stacking=stacking, priority=priority, budget_left=left)
        known = running._rules(orjson.dumps(asked), orjson.dumps(benefit))
        alone.append(one)
        shared.append(replace(one, conditions=known.conditions, benefit=known.benefit))
    found = apply(shared, situation)
    lines, why = plain.settle(alone, situation)
    assert amounts(found) == lines
    assert {n.promotion: n.code for n in found.not_applied} == why
    assert found == apply(alone, situation)


def test_the_same_words_are_one_rule():
    first, second = (
        running._rules(b'[{"kind": "segment", "any": ["loyal"]}]', benefit)
        for benefit in (b'{"kind": "free_shipping"}', b'{"kind": "points", "add": 5}')
    )
    assert first.conditions[0] is second.conditions[0]


def shown():
    return {o.slug: o for o in running.automatic_offers(NOW)}


CHANGES = {
    "benefit": {"kind": "percent", "percent": "11"},
    "conditions": [{"kind": "first_order"}],
    "stacking": "never",
    "priority": 7,
    "currency": "EUR",
    "also_in": ["EUR"],
    "prices": "net",
    "budget": Decimal(5),
    "limit": 0,
    "limit_per_customer": 1,
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_by_whatever_way_is_seen_at_once(db, field):
    PromotionFactory(created_at=NOW, slug="other", needs_code=False)
    PromotionFactory(
        created_at=NOW, slug="one", needs_code=False, benefit={"kind": "amount", "amount": "1.00"}
    )
    before = shown()
    assert shown() == before
    Promotion.objects.filter(slug="one").update(**{field: CHANGES[field]})
    after = shown()
    assert after["one"] != before["one"]
    assert after["other"] == before["other"]


def test_what_begins_ends_or_is_switched_off_is_seen_at_once(db):
    one = PromotionFactory(created_at=NOW, slug="one", needs_code=False)
    for change, seen in (
        ({"active": False}, set()),
        ({"active": True}, {"one"}),
        ({"starts_at": NOW + timedelta(seconds=1)}, set()),
        ({"starts_at": NOW}, {"one"}),
        ({"ends_at": NOW}, set()),
        ({"ends_at": None, "needs_code": True}, set()),
        ({"needs_code": False}, {"one"}),
    ):
        Promotion.objects.filter(pk=one.pk).update(**change)
        assert set(shown()) == seen
    one.delete()
    assert shown() == {}


def test_uses_are_counted_without_reading_the_rules_again(db, django_assert_num_queries):
    one = PromotionFactory(created_at=NOW, slug="one", needs_code=False, limit=2, budget=Decimal(9))
    PromotionFactory(created_at=NOW, slug="plain", needs_code=False, limit=2)
    shown()
    for used, spent, code, left in ((1, 4, None, 5), (2, 8, "limit", 1), (1, 9, "budget", 0)):
        Promotion.objects.filter(pk=one.pk).update(used=used, spent=spent)
        Promotion.objects.filter(slug="plain").update(used=used)
        with django_assert_num_queries(1):
            found = shown()
        assert (found["one"].barred or (None,))[0] == code
        assert found["one"].budget_left == left
        assert (found["plain"].barred is not None) is (used == 2)


def test_what_is_known_of_a_shopper_comes_by_one_query(db, django_assert_num_queries):
    alice = Customer.objects.create(external_id="alice", created_at=NOW, updated_at=NOW)
    bought = {"type": "purchase", "customer": "alice", "occurred_at": (NOW - timedelta(days=2)).isoformat()}
    stored = ingest(
        [
            bought | {"message_id": str(n)} | ({"order_id": order} if order else {})
            for n, order in enumerate(["o1", "o1", "o2", None, None])
        ],
        now=NOW,
    )
    assert stored.accepted == 5
    needs = frozenset({"segments", "persona", "orders", "bought"})
    with django_assert_num_queries(1):
        known = selectors.shopper(alice, now=NOW, needs=needs)
    assert (known.orders, known.segments, known.persona) == (4, frozenset(), None)
    assert selectors.shopper(alice, now=NOW, but_order="o1", needs=needs).orders == 3
    assert selectors.shopper(alice, now=NOW, needs=frozenset({"bought"})).orders == 1
    assert selectors.shopper(alice, now=NOW - timedelta(days=3), needs=frozenset({"bought"})).orders == 0
    assert selectors.shopper(alice, now=NOW, needs=frozenset({"segments"})).orders is None
