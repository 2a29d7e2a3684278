"""Benefits, to the cent."""

from datetime import UTC, datetime

import pytest

from campaigns.promotions.benefits import parse_benefit
from campaigns.promotions.carts import Shopper
from campaigns.promotions.vocabulary import RuleInvalid
from tests.campaigns.promotions.shop import D, amounts, cart, evaluate, offer


def off(benefit, *lines, **more):
    """Return what a benefit takes off each line."""
    result = evaluate(cart(*lines), offer("p", benefit), **more)
    return [line.get("p", D(0)) for line in amounts(result)]


def test_buy_two_get_one_free_takes_the_cheapest_and_counts_no_unit_twice():
    rule = {"kind": "buy_get", "buy": 2, "get": 1}
    assert off(rule, ("a", "2", "9.00"), ("b", "1", "4.00")) == [D(0), D("4.00")]
    assert off(rule, ("a", "2", "9.00")) == [D(0)]
    assert off(rule, ("a", "6", "9.00")) == [D("18.00")]
    assert off(rule | {"times": 1}, ("a", "6", "9.00")) == [D("9.00")]


def test_buy_shoes_get_socks_at_half_price():
    rule = {
        "kind": "buy_get", "buy": 1, "get": 2, "percent": "50",
        "on": {"products": ["shoes"]}, "get_on": {"products": ["socks"]},
    }  # fmt: skip
    assert off(rule, ("shoes", "1", "80.00"), ("socks", "3", "5.01")) == [D(0), D("5.01")]
    assert off(rule, ("socks", "3", "5.00")) == [D(0)]


def test_what_was_bought_is_not_got_where_both_overlap():
    rule = {
        "kind": "buy_get",
        "buy": 1,
        "get": 1,
        "on": {"products": ["a"]},
        "get_on": {"products": ["a", "b"]},
    }
    # The cheapest is `a`, but then nothing would have been bought.
    assert off(rule, ("a", "1", "1.00"), ("b", "1", "5.00")) == [D(0), D("5.00")]
    assert off(rule, ("a", "2", "1.00")) == [D("1.00")]


def test_a_bundle_costs_one_price_and_the_rest_stays():
    rule = {
        "kind": "bundle",
        "items": [{"products": ["a"]}, {"products": ["b"], "quantity": 2}],
        "price": "10.00",
    }
    assert off(rule, ("a", "2", "8.00"), ("b", "3", "3.00")) == [D("2.29"), D("1.71")]
    assert off(rule, ("a", "2", "8.00"), ("b", "4", "3.00")) == [D("4.58"), D("3.42")]
    assert off(rule, ("a", "1", "1.00"), ("b", "2", "2.00")) == [D(0), D(0)]
    assert off(rule, ("a", "9", "8.00")) == [D(0)]


def test_tiers_take_the_highest_that_is_reached():
    rule = {
        "kind": "spend_save",
        "tiers": [{"spend": "100", "save": "15"}, {"spend": "200", "percent": "20"}],
    }
    assert off(rule, ("a", "1", "99.99")) == [D(0)]
    assert off(rule, ("a", "1", "60.00"), ("b", "1", "40.00")) == [D("9.00"), D("6.00")]
    assert off(rule, ("a", "1", "200.00")) == [D("40.00")]


def test_every_full_amount_counts_across_shelves_or_on_each():
    lines = (("a", "1", "250.00", "north"), ("b", "1", "350.00", "south"))
    every = {"kind": "spend_save", "every": {"spend": "300", "save": "50"}}
    assert sum(off(every, *lines)) == D("100.00")
    assert off(every | {"per_shelf": True}, *lines) == [D(0), D("50.00")]
    assert sum(off(every | {"times": 1}, *lines)) == D("50.00")
    assert off(every | {"on": {"shelves": ["north"]}}, *lines) == [D(0), D(0)]


def test_what_is_given_beside_the_prices_is_told():
    result = evaluate(
        cart(("a", "1", "9.00")),
        offer("mug", {"kind": "gift", "sku": "mug"}),
        offer("double", {"kind": "points", "multiply": "2"}),
        offer("few", {"kind": "points", "add": 5}, priority=-1),
    )
    told = result.as_json()
    assert [(g["promotion"], g["sku"], g["quantity"]) for g in told["gifts"]] == [("mug", "mug", 1)]
    assert [(p["promotion"], p["multiply"], p["add"]) for p in told["points"]] == [("double", "2", 0)]
    assert [(n.promotion, n.code) for n in result.not_applied] == [("few", "better_offer")]


DEPOSIT = {
    "kind": "deposit", "deposit": "50", "worth": "100", "on": {"products": ["tv"]},
    "pay": {"from": "2017-11-01T00:00:00Z", "until": "2017-11-10T00:00:00Z"},
    "balance": {"from": "2017-11-11T00:00:00Z", "until": "2017-11-12T00:00:00Z"},
}  # fmt: skip


def test_a_deposit_is_worth_more_when_the_balance_is_paid():
    lines = (("tv", "2", "500.00"), ("cable", "1", "9.00"))
    first = evaluate(cart(*lines), offer("tv", DEPOSIT))
    assert first.discount == 0
    [due] = first.as_json()["deposits"]
    assert (due["phase"], due["units"], due["amount"]["amount"], due["worth"]["amount"]) == (
        "deposit", "2", "100.00", "200.00",
    )  # fmt: skip
    later, alice = datetime(2017, 11, 11, tzinfo=UTC), Shopper(1, deposits={"tv": D(1)})
    second = evaluate(cart(*lines), offer("tv", DEPOSIT), shopper=alice, now=later)
    assert amounts(second) == [{"tv": D("50.00")}, {}]
    [paid] = second.as_json()["deposits"]
    assert (paid["phase"], paid["units"], paid["amount"]["amount"]) == ("balance", "1", "50.00")
    nobody = evaluate(cart(*lines), offer("tv", DEPOSIT), now=later)
    assert (nobody.discount, nobody.as_json()["deposits"]) == (0, [])
    between = datetime(2017, 11, 10, tzinfo=UTC)
    assert evaluate(cart(*lines), offer("tv", DEPOSIT), shopper=alice, now=between).applied == ()


def test_thresholds_and_amounts_hold_in_each_currency():
    rule = {"kind": "amount", "amount": {"USD": "5.00", "JPY": "700"}}
    least = {"kind": "basket_amount", "min": {"USD": "50", "JPY": "7000"}}
    both = offer("p", rule, least, also_in=frozenset({"JPY"}))
    assert evaluate(cart(("a", "1", "50.00")), both).discount == D("5.00")
    yen = evaluate(cart(("a", "1", "7000"), ("b", "2", "333"), currency="JPY"), both)
    assert yen.discount == D(700)
    assert amounts(yen) == [{"p": D(639)}, {"p": D(61)}]
    assert evaluate(cart(("a", "1", "6999"), currency="JPY"), both).not_applied[0].code == "condition"
    assert evaluate(cart(("a", "1", "99"), currency="EUR"), both).not_applied[0].code == "currency"


def test_amounts_with_tax_do_not_meet_prices_without():
    gross = offer("p", {"kind": "amount", "amount": "5.00"}, prices="gross")
    result = evaluate(cart(("a", "1", "50.00"), prices="net"), gross)
    assert (result.applied, result.not_applied[0].code) == ((), "prices")
    assert result.as_json()["prices"] == "net"


@pytest.mark.parametrize(
    "benefit",
    [
        {"kind": "buy_get", "buy": 0, "get": 1},
        {"kind": "buy_get", "buy": 1, "get": 1, "percent": "101"},
        {"kind": "bundle", "items": [], "price": "1"},
        {"kind": "bundle", "items": [{"products": ["a"]}]},
        {"kind": "bundle", "items": [{"quantity": 2}], "price": "1"},
        {"kind": "bundle", "items": [{"products": ["a"], "quantity": 0}], "price": "1"},
        {"kind": "spend_save"},
        {"kind": "spend_save", "tiers": []},
        {"kind": "spend_save", "tiers": [{"spend": "100", "save": "101"}]},
        {"kind": "spend_save", "tiers": [{"spend": "100", "save": "1"}, {"spend": "100", "save": "2"}]},
        {"kind": "spend_save", "tiers": [{"spend": "0", "save": "0"}]},
        {"kind": "spend_save", "every": {"spend": "100", "percent": "5"}},
        {"kind": "spend_save", "tiers": [{"spend": "100", "save": "5"}], "times": 2},
        {"kind": "spend_save", "every": {"spend": {"EUR": "100"}, "save": "5"}},
        {"kind": "points"},
        {"kind": "points", "multiply": "1"},
        {"kind": "points", "multiply": "2", "add": 1},
        {"kind": "gift", "sku": ""},
        DEPOSIT | {"worth": "49"},
        DEPOSIT | {"balance": DEPOSIT["pay"]},
        DEPOSIT | {"pay": {"from": "2017-11-01T00:00:00Z"}},
        {"kind": "amount", "amount": {}},
        {"kind": "amount", "amount": {"usd": "1"}},
        {"kind": "amount", "amount": {"USD": "NaN"}},
    ],
)
def test_what_makes_no_sense_is_refused(benefit):
    with pytest.raises(RuleInvalid) as caught:
        parse_benefit(benefit)
    assert caught.value.path.startswith("benefit")
