"""Conditions about the shopper, the channel and the calendar."""

from datetime import UTC, datetime

import pytest

from campaigns.promotions.carts import Shopper
from campaigns.promotions.conditions import parse_conditions
from campaigns.promotions.vocabulary import RuleInvalid
from tests.campaigns.promotions.shop import D, cart, evaluate, offer

ALICE = Shopper(1, 3, frozenset({"loyal"}), 2, {"tier": "Gold", "points": 500, "city": "Paris", "age": "41"})


def holds(condition, shopper=ALICE, **more):
    """Say whether the condition holds; what does not hold must give nothing and say why."""
    result = evaluate(
        cart(("a", "1", "10.00")),
        offer("p", {"kind": "percent", "percent": "10"}, condition),
        shopper=shopper,
        **more,
    )
    if not result.applied:
        assert result.discount == 0
        assert result.not_applied[0].reason
    return result.discount == D("1.00")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"kind": "persona", "any": [2, 5]}, True),
        ({"kind": "persona", "any": [1]}, False),
        ({"kind": "orders", "min": 3}, True),
        ({"kind": "orders", "min": 4}, False),
        ({"kind": "orders", "max": 2}, False),
        ({"kind": "tier", "any": ["gold", "black"]}, True),
        ({"kind": "tier", "any": ["black"]}, False),
        ({"kind": "points", "min": "500"}, True),
        ({"kind": "points", "min": "501"}, False),
        ({"kind": "points", "max": "499"}, False),
        ({"kind": "attribute", "name": "city", "any": ["paris"]}, True),
        ({"kind": "attribute", "name": "age", "min": "18", "max": "65"}, True),
        ({"kind": "attribute", "name": "city", "min": "18"}, False),
        ({"kind": "attribute", "name": "shoe", "any": ["42"]}, False),
    ],
)
def test_who_the_shopper_is(condition, expected):
    assert holds(condition) is expected
    assert not holds(condition, Shopper())


def test_where_the_order_is_placed():
    assert holds({"kind": "channel", "any": ["app"]}, channel="app")
    assert not holds({"kind": "channel", "any": ["app"]}, channel="web")
    assert not holds({"kind": "channel", "any": ["app"]})


def test_holidays_of_a_country_and_the_days_before():
    thanksgiving = datetime(2017, 11, 23, 12, tzinfo=UTC)
    assert holds({"kind": "holiday", "market": "US"}, now=thanksgiving)
    assert not holds({"kind": "holiday", "market": "DE"}, now=thanksgiving)
    monday = datetime(2017, 11, 20, 12, tzinfo=UTC)
    assert holds({"kind": "holiday", "market": "US", "days_before": 3}, now=monday)
    assert not holds({"kind": "holiday", "market": "US", "days_before": 2}, now=monday)


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "holiday", "market": "Atlantis"},
        {"kind": "holiday", "market": "US", "days_before": 99},
        {"kind": "orders"},
        {"kind": "orders", "min": 5, "max": 4},
        {"kind": "persona", "any": []},
        {"kind": "persona", "any": ["2"]},
        {"kind": "attribute", "name": "", "any": ["x"]},
        {"kind": "attribute", "name": "a"},
        {"kind": "attribute", "name": "a", "any": ["x"], "min": "1"},
        {"kind": "tier"},
        {"kind": "points", "min": "1e308"},
        {"kind": "basket_amount", "min": {"USD": "5"}, "max": {"EUR": "9"}},
    ],
)
def test_what_makes_no_sense_is_refused(condition):
    with pytest.raises(RuleInvalid):
        parse_conditions([condition])
