"""Carts against promotions: exact amounts, stacking, and properties that hold for any cart."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.promotions.benefits import parse_benefit, share
from campaigns.promotions.carts import Cart, Line, Shopper
from campaigns.promotions.conditions import parse_conditions
from campaigns.promotions.vocabulary import RuleInvalid
from tests.campaigns.promotions.shop import D, amounts, cart, evaluate, offer


def test_percent_rounds_half_up_on_each_line():
    result = evaluate(
        cart(("a", "1", "0.25"), ("b", "1", "0.24")), offer("ten", {"kind": "percent", "percent": "10"})
    )
    assert amounts(result) == [{"ten": D("0.03")}, {"ten": D("0.02")}]
    assert result.total == D("0.44")


def test_an_amount_is_shared_by_largest_remainder_the_earlier_line_first():
    three = cart(("a", "1", "5.00"), ("b", "1", "5.00"), ("c", "1", "5.00"))
    assert amounts(evaluate(three, offer("off", {"kind": "amount", "amount": "10.00"}))) == [
        {"off": D("3.34")},
        {"off": D("3.33")},
        {"off": D("3.33")},
    ]


def test_an_amount_above_the_cart_takes_it_to_zero_and_no_further():
    result = evaluate(cart(("a", "2", "1.00")), offer("off", {"kind": "amount", "amount": "50.00"}))
    assert result.total == D("0.00")
    assert result.discount == D("2.00")


def test_fixed_price_never_raises_a_price():
    result = evaluate(
        cart(("a", "2", "3.00"), ("b", "1", "0.50")),
        offer("one", {"kind": "fixed_price", "price": "1.00", "on": {"products": ["a", "b"]}}),
    )
    assert amounts(result) == [{"one": D("4.00")}, {}]


def test_the_cheapest_of_every_three_is_free():
    result = evaluate(
        cart(("a", "4", "3.00"), ("b", "2", "1.00"), ("c", "1", "2.00")),
        offer("third", {"kind": "cheapest_free", "every": 3}),
    )
    assert amounts(result) == [{}, {"third": D("2.00")}, {}]


def test_categories_reach_below_and_not_beside():
    lines = (
        Line("a", D(1), D("10"), category="grocery/dairy"),
        Line("b", D(1), D("10"), category="grocery-extra"),
    )
    result = evaluate(
        Cart(lines, "USD"),
        offer("g", {"kind": "percent", "percent": "10", "on": {"categories": ["grocery"]}}),
    )
    assert amounts(result) == [{"g": D("1.00")}, {}]


@pytest.mark.parametrize(
    ("condition", "shopper", "holds"),
    [
        ({"kind": "basket_amount", "min": "20.00"}, Shopper(), True),
        ({"kind": "basket_amount", "min": "20.01"}, Shopper(), False),
        ({"kind": "basket_amount", "max": "19.99"}, Shopper(), False),
        ({"kind": "basket_quantity", "min": 3}, Shopper(), True),
        ({"kind": "basket_quantity", "min": 4}, Shopper(), False),
        ({"kind": "products", "any": ["a"], "min_quantity": 2}, Shopper(), True),
        ({"kind": "products", "any": ["x"]}, Shopper(), False),
        ({"kind": "brands", "any": ["x"]}, Shopper(), False),
        ({"kind": "segment", "any": ["loyal"]}, Shopper(segments=frozenset({"loyal"})), True),
        ({"kind": "segment", "any": ["loyal"]}, Shopper(), False),
        ({"kind": "first_order"}, Shopper(orders=0), True),
        ({"kind": "first_order"}, Shopper(orders=1), False),
        ({"kind": "first_order"}, Shopper(orders=None), False),
        ({"kind": "time_window", "weekdays": [1], "hours": [8, 12]}, Shopper(), True),
        ({"kind": "time_window", "weekdays": [7]}, Shopper(), False),
        ({"kind": "time_window", "hours": [11, 12]}, Shopper(), False),
        ({"kind": "time_window", "until": "2017-11-06T10:00:00Z"}, Shopper(), False),
        ({"kind": "time_window", "from": "2017-11-06T10:00:00Z"}, Shopper(), True),
    ],
)
def test_conditions(condition, shopper, holds):
    result = evaluate(
        cart(("a", "2", "5.00"), ("b", "1", "10.00")),
        offer("p", {"kind": "percent", "percent": "10"}, condition),
        shopper=shopper,
    )
    assert (result.applied == ("p",)) is holds
    assert (result.discount == D("2.00")) is holds
    if not holds:
        assert result.discount == 0
        assert [n.code for n in result.not_applied] == ["condition"]
        assert result.not_applied[0].reason


def test_of_the_common_ones_only_the_best_applies_and_free_shipping_is_its_own_kind():
    result = evaluate(
        cart(("a", "1", "100.00")),
        offer("five", {"kind": "amount", "amount": "5.00"}, priority=9),
        offer("ten", {"kind": "percent", "percent": "10"}),
        offer("ship", {"kind": "free_shipping"}),
    )
    assert set(result.applied) == {"ten", "ship"}
    assert result.free_shipping
    assert result.discount == D("10.00")
    assert [(n.promotion, n.code) for n in result.not_applied] == [("five", "better_offer")]


def test_always_combines_with_the_best_common_one():
    result = evaluate(
        cart(("a", "1", "100.00")),
        offer("extra", {"kind": "amount", "amount": "3.00"}, stacking="always"),
        offer("ten", {"kind": "percent", "percent": "10"}),
    )
    assert result.discount == D("13.00")


def test_an_exclusive_one_applies_alone():
    result = evaluate(
        cart(("a", "1", "100.00")),
        offer("extra", {"kind": "amount", "amount": "3.00"}, stacking="always"),
        offer("sole", {"kind": "percent", "percent": "1"}, stacking="never", priority=1),
    )
    assert result.applied == ("sole",)
    assert result.discount == D("1.00")
    assert [(n.promotion, n.code) for n in result.not_applied] == [("extra", "excluded")]


def test_an_exclusive_one_yields_to_a_higher_priority():
    result = evaluate(
        cart(("a", "1", "100.00")),
        offer("extra", {"kind": "amount", "amount": "3.00"}, stacking="always", priority=2),
        offer("sole", {"kind": "percent", "percent": "50"}, stacking="never", priority=1),
    )
    assert result.applied == ("extra",)


def test_another_currency_and_a_spent_budget_give_nothing():
    promo = offer("ten", {"kind": "percent", "percent": "10"})
    assert evaluate(cart(("a", "1", "9.00"), currency="EUR"), promo).not_applied[0].code == "currency"
    short = replace(promo, budget_left=D("0.89"))
    assert evaluate(cart(("a", "1", "9.00")), short).not_applied[0].code == "budget"


@pytest.mark.parametrize(
    "benefit",
    [
        None,
        [],
        {},
        {"kind": "steal"},
        {"kind": "percent"},
        {"kind": "percent", "percent": "0"},
        {"kind": "percent", "percent": "101"},
        {"kind": "percent", "percent": 10.5},
        {"kind": "percent", "percent": True},
        {"kind": "percent", "percent": "10", "extra": 1},
        {"kind": "amount", "amount": "-1"},
        {"kind": "amount", "amount": "NaN"},
        {"kind": "amount", "amount": "Infinity"},
        {"kind": "amount", "amount": "1e308"},
        {"kind": "amount", "amount": "1.005"},
        {"kind": "amount", "amount": "1", "on": {}},
        {"kind": "amount", "amount": "1", "on": {"colours": ["red"]}},
        {"kind": "cheapest_free", "every": 1},
        {"kind": {"$gt": ""}},
    ],
)
def test_benefits_outside_the_vocabulary_are_refused(benefit):
    with pytest.raises(RuleInvalid) as caught:
        parse_benefit(benefit)
    assert caught.value.path.startswith("benefit")


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        [{"kind": "basket_amount"}],
        [{"kind": "basket_amount", "min": "5", "max": "4"}],
        [{"kind": "segment", "any": []}],
        [{"kind": "segment", "any": [1]}],
        [{"kind": "time_window", "from": "yesterday"}],
        [{"kind": "time_window", "from": "2017-01-01T00:00:00"}],
        [{"kind": "time_window", "hours": [9, 9]}],
        [{"kind": "time_window", "weekdays": [0]}],
        [{"kind": "first_order", "really": True}],
        [{"kind": "first_order"}] * 21,
        ["first_order"],
    ],
)
def test_conditions_outside_the_vocabulary_are_refused(conditions):
    with pytest.raises(RuleInvalid):
        parse_conditions(conditions)


prices = st.decimals("0", "500", places=2)
lines = st.lists(
    st.builds(
        Line,
        st.sampled_from(["a", "b", "c"]),
        st.one_of(st.integers(1, 9).map(D), st.decimals("0.001", "5", places=3)),
        prices,
    ),
    max_size=8,
)
benefits = st.one_of(
    st.builds(lambda p: {"kind": "percent", "percent": str(p)}, st.integers(1, 100)),
    st.builds(
        lambda p, m: {"kind": "percent", "percent": str(p), "most": str(m)},
        st.integers(1, 100),
        st.integers(1, 50),
    ),
    st.builds(lambda a: {"kind": "amount", "amount": str(a)}, st.decimals("0.01", "900", places=2)),
    st.builds(lambda a: {"kind": "fixed_price", "price": str(a), "on": {"products": ["a", "b"]}}, prices),
    st.builds(lambda n: {"kind": "cheapest_free", "every": n}, st.integers(2, 4)),
    st.builds(
        lambda b, g, p: {
            "kind": "buy_get",
            "buy": b,
            "get": g,
            "percent": str(p),
            "get_on": {"products": ["b", "c"]},
        },
        st.integers(1, 3),
        st.integers(1, 3),
        st.integers(1, 100),
    ),
    st.builds(
        lambda p: {
            "kind": "bundle",
            "items": [{"products": ["a"]}, {"products": ["a", "b"], "quantity": 2}],
            "price": str(p),
        },
        prices,
    ),
    st.builds(
        lambda s, o: {"kind": "spend_save", "every": {"spend": str(s + o), "save": str(o)}},
        st.integers(0, 100),
        st.integers(1, 100),
    ),
    st.just(
        {
            "kind": "spend_save",
            "tiers": [{"spend": "20", "save": "7"}, {"spend": "90", "percent": "33"}],
            "per_shelf": True,
        }
    ),
    st.sampled_from(
        [{"kind": "free_shipping"}, {"kind": "points", "add": 9}, {"kind": "gift", "sku": "mug"}]
    ),
)
offers = st.lists(
    st.tuples(benefits, st.sampled_from(["always", "common", "never"]), st.integers(0, 3)), max_size=7
).map(lambda rows: [offer(f"p{i}", b, stacking=s, priority=p) for i, (b, s, p) in enumerate(rows)])


@settings(max_examples=200, deadline=None)
@given(lines, offers, st.randoms())
def test_properties_of_any_cart(some_lines, some_offers, random):
    a_cart = Cart(tuple(some_lines), "USD")
    result = evaluate(a_cart, *some_offers)
    # No line and no total below zero; the explanation sums to the discount.
    for amount, discounts in zip(a_cart.amounts, result.discounts, strict=True):
        assert all(d.amount > 0 and d.amount == d.amount.quantize(D("0.01")) for d in discounts)
        assert sum((d.amount for d in discounts), D(0)) <= amount
    assert result.total >= 0
    assert result.total + sum((result.given_by(o.slug) for o in some_offers), D(0)) == a_cart.amount
    # Every promotion is either applied or explained, once.
    told = [*result.applied, *(n.promotion for n in result.not_applied)]
    assert sorted(told) == sorted(o.slug for o in some_offers)
    # An exclusive one stands alone.
    exclusive = {o.slug for o in some_offers if o.stacking == "never"} & set(result.applied)
    assert not exclusive or len(result.applied) == 1
    # The order of the rules is irrelevant.
    shuffled = list(some_offers)
    random.shuffle(shuffled)
    assert evaluate(a_cart, *shuffled) == result


@given(st.decimals("0.01", "1000", places=2), st.lists(st.decimals("0", "300", places=2), max_size=12))
def test_shares_sum_to_the_amount_or_to_all_there_is(amount, line_amounts):
    shares = share(amount, line_amounts, range(len(line_amounts)), "USD")
    assert sum(shares.values(), D(0)) == min(amount, sum(line_amounts, D(0)))
    assert all(0 < share <= line_amounts[i] for i, share in shares.items())
