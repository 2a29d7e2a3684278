import json

import pytest

from campaigns.learning.coupon_values import ALONE
from campaigns.learning.memory import Outcome, Wave
from campaigns.learning.policy import Policy, named, parts
from campaigns.learning.small_shop import SMALL_SHOP

CONTEXTS = (("stocks up", "low"), ("stocks up", "high"), ("explores", "low"), ("explores", "high"))


def beginning(people=50_000):
    return Policy.beginning(
        contexts=CONTEXTS,
        strategies=("popularity", "hybrid"),
        values=(0, 10),
        in_use=("hybrid", 0),
        people=people,
        contact_cost=0.01,
    )


def wave(key):
    cells = {
        context: {
            ALONE: Outcome(1000, 60, 720),
            "popularity:0": Outcome(1000, 90, 1080),
            "popularity:10": Outcome(1000, 100, 1200, 300),
            "hybrid:0": Outcome(1000, 130, 1560),
            "hybrid:10": Outcome(1000, 135, 1620, 400),
        }
        for context in CONTEXTS
    }
    return Wave(key, cells)


def test_strategy_and_value_are_drawn_apart():
    policy = beginning().updated([wave("1")])
    shares = policy.shares(CONTEXTS[0])
    assert sum(shares.values()) == pytest.approx(1)
    assert next(iter(shares)) == ALONE
    sent = 1 - shares[ALONE]
    for strategy, one in policy.strategies.weights("stocks up").items():
        for value, other in policy.values.weights(CONTEXTS[0]).items():
            if value != ALONE:
                assert shares[f"{strategy}:{value}"] == pytest.approx(one * other)
    assert sum(share for name, share in shares.items() if name != ALONE) == pytest.approx(sent)
    assert max(shares, key=shares.get) == "hybrid:0"


def test_outcomes_reach_each_core_summed_over_the_other_lever():
    policy = beginning().updated([wave("1")])
    persona = policy.strategies.memory.waves[0].cells[("explores",)]
    assert persona == {"popularity": Outcome(4000, 380, 4560, 600), "hybrid": Outcome(4000, 530, 6360, 800)}
    context = policy.values.memory.waves[0].cells[CONTEXTS[3]]
    assert context[ALONE] == Outcome(1000, 60, 720)
    assert context["10"] == Outcome(2000, 235, 2820, 700)


def test_a_small_shop_has_two_arms_for_everybody():
    policy = beginning(SMALL_SHOP - 1)
    assert policy.small.challengers == ("hybrid:10", "popularity:0")
    assert {tuple(policy.shares(context)) for context in CONTEXTS} == {("hybrid:0", "hybrid:10")}
    learned = policy.updated([wave("1")]).next_campaign()
    assert learned.small.memory.waves[0].cells[("everybody",)]["hybrid:0"] == Outcome(4000, 520, 6240)
    assert beginning(SMALL_SHOP).small is None


@pytest.mark.parametrize("people", [2_700, 50_000])
def test_it_decides_the_same_after_being_stored(people):
    policy = beginning(people).updated([wave("1")])
    again = Policy.from_json(json.loads(json.dumps(policy.as_json())))
    assert again == policy
    assert again.shares(CONTEXTS[1]) == policy.shares(CONTEXTS[1])


def test_names_of_actions_are_read_back():
    assert parts(named("own-frequency", 15)) == ("own-frequency", "15")
    assert parts(ALONE) is None
