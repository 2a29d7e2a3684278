"""Rules hold for every list, and what is excluded or sold out never comes through."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Category
from recommendations.models import ListRule
from recommendations.places import Facts, Filters, Place, under
from recommendations.rules import apply_rules, matches

TEA, GREEN, BREAD = (
    Category(pk=1, name="Tea", path="tea"),
    Category(pk=2, name="Green", path="tea/green"),
    Category(pk=3, name="Bread", path="bread"),
)


def facts(pk: int, path: str = "tea", brand: str = "", price: str = "1") -> Facts:
    return Facts(pk, f"s{pk}", f"Product {pk}", Decimal(price), "USD", "", "", brand, 1, path)


def rule(kind: str, *, pk: int = 1, **fields) -> ListRule:
    return ListRule(pk=pk, kind=kind, name=kind, **fields)


def places(*ids: int) -> list[Place]:
    return [Place(pk, 1.0 - n / 100, {"part": "als"}) for n, pk in enumerate(ids)]


def chosen(*args, **kwargs) -> list[int]:
    return [place.product_id for place in apply_rules(*args, **kwargs)]


SHOP = {pk: facts(pk, ("tea", "tea/green", "bread")[pk % 3], "ABC"[pk % 2]) for pk in range(1, 13)}


def test_a_pinned_product_comes_first_even_where_nobody_proposed_it():
    rules = [rule("pin", product_id=9), rule("pin", pk=2, product_id=3)]
    assert chosen(places(1, 2, 3), SHOP, rules, 4) == [9, 3, 1, 2]


def test_boost_and_bury_move_what_they_name_and_say_so():
    rules = [
        rule("boost", brand="a", number=Decimal(2)),
        rule("bury", pk=2, category=BREAD, number=Decimal("0.1")),
    ]
    found = apply_rules(places(1, 2, 3, 5), SHOP, rules, 4)
    assert [place.product_id for place in found] == [1, 3, 2, 5]
    assert [place.rules for place in found] == [(), (), ("boost", "bury"), ("bury",)]


def test_a_cap_counts_what_lies_below_the_category_and_what_is_pinned():
    rules = [rule("pin", product_id=4), rule("cap", pk=2, category=TEA, number=Decimal(2))]
    # 4 and 1 are green, 3 is tea: two of them, then bread.
    assert chosen(places(1, 3, 2, 5), SHOP, rules, 4) == [4, 1, 2, 5]


def test_variety_puts_unlike_products_next_to_each_other():
    shop = {1: facts(1), 2: facts(2), 3: facts(3, "bread"), 4: facts(4, "fish")}
    plain = chosen(places(1, 2, 3, 4), shop, [], 3)
    varied = chosen(places(1, 2, 3, 4), shop, [rule("diversity", number=Decimal("0.5"))], 3)
    assert (plain, varied) == ([1, 2, 3], [1, 3, 4])


def test_fallback_places_stay_behind_what_is_known():
    own, behind = places(2), [Place(1, 9.0, {"part": "fallback"}, fallback=True)]
    assert chosen([*behind, *own], SHOP, [], 2) == [2, 1]


RULES = st.builds(
    lambda kind, pk, product, category, brand, number: rule(
        kind,
        pk=pk,
        product_id=product if kind in ("pin", "boost", "bury", "exclude") else None,
        category=category if kind in ("cap", "exclude", "boost") and product is None else None,
        brand=brand if kind in ("exclude", "boost") and product is None else "",
        number=number,
    ),
    st.sampled_from(["pin", "boost", "bury", "exclude", "cap", "diversity"]),
    st.integers(1, 50),
    st.none() | st.integers(1, 16),
    st.sampled_from([None, TEA, GREEN, BREAD]),
    st.sampled_from(["", "a", "B"]),
    st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1), Decimal(3)]),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.integers(1, 16), unique=True),
    st.lists(RULES, max_size=6),
    st.integers(1, 12),
    st.sets(st.integers(1, 16)),
    st.sets(st.integers(1, 12)),
)
def test_no_rule_brings_back_what_is_sold_out_excluded_or_filtered(ids, rules, limit, hidden, sold_out):
    # What cannot be offered is not among the facts: that is how stock is known here.
    shop = {pk: product for pk, product in SHOP.items() if pk not in sold_out}
    found = apply_rules(places(*ids), shop, rules, limit, Filters(hidden=frozenset(hidden)))
    shown = [place.product_id for place in found]
    assert len(shown) == len(set(shown)) <= limit
    assert set(shown) <= set(shop) - hidden
    for pk in shown:
        assert not any(r.kind == "exclude" and matches(r, shop[pk]) for r in rules)
    for cap in (r for r in rules if r.kind == "cap" and r.category):
        assert sum(under(shop[pk].path, cap.category.path) for pk in shown) <= int(cap.number)
    pins = {r.product_id for r in rules if r.kind == "pin"}
    assert set(shown) <= set(ids) | pins


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "boost", "number": Decimal(2)}, "product"),
        ({"kind": "boost", "brand": "x", "number": Decimal("0.5")}, "number"),
        ({"kind": "bury", "brand": "x"}, "number"),
        ({"kind": "pin", "brand": "x"}, "product"),
        ({"kind": "cap", "number": Decimal("1.5")}, "number"),
        ({"kind": "diversity", "number": Decimal(2)}, "number"),
        ({"kind": "exclude"}, "product"),
    ],
)
def test_a_rule_that_says_nothing_or_too_much_is_refused_by_field(fields, field):
    with pytest.raises(ValidationError) as refused:
        ListRule(name="x", **fields).clean()
    assert set(refused.value.message_dict) == {field}
