"""What words have in common, and what was learned of them: by hand where it is one feature."""

import json

import numpy as np
import pytest

from campaigns.learning.copy_features import OWN, SPREAD, ArmSeen, CopyBeliefs


def arm(people, did, **features):
    return ArmSeen(features, people, did)


def test_one_feature_by_hand():
    told = CopyBeliefs().updated([[arm(1000, 50, urgent=1), arm(1000, 40)]])
    odds = [np.log(50.5 / 950.5), np.log(40.5 / 960.5)]
    weight = [1 / (1 / 50.5 + 1 / 950.5 + OWN**2), 1 / (1 / 40.5 + 1 / 960.5 + OWN**2)]
    joint = weight[0] * weight[1] / sum(weight)  # the precision of their difference
    variance = 1 / (joint + 1 / SPREAD**2)
    middle = variance * joint * (odds[0] - odds[1])
    effect = told.effects()["urgent"]
    assert effect.lift == pytest.approx(np.expm1(middle))
    assert effect.low == pytest.approx(np.expm1(middle - 1.959964 * variance**0.5))
    assert (told.campaigns, told.told) == (1, {"urgent": 1})
    assert told.lessons([{"urgent": 1, "offer": 1}, {}]) == ["urgent"]
    assert told.lessons([{"urgent": 1}, {"urgent": 1}]) == []
    first, second = told.guesses([{"urgent": 1}, {}])
    assert first.lift == pytest.approx(np.expm1(middle / 2))
    half = 1.959964 * (variance / 4 + OWN**2 / 2) ** 0.5
    assert (second.low, second.high) == pytest.approx(
        (np.expm1(-middle / 2 - half), np.expm1(-middle / 2 + half))
    )
    begun = told.weights({"a": {"urgent": 1}, "b": {}}, 0.04)
    assert begun["a"] == (50, pytest.approx(50 * 0.04 * (1 + first.lift)))


def test_levels_of_campaigns_teach_nothing_and_arms_alike_neither():
    apart = [[arm(1000, 300, urgent=1)], [arm(1000, 10)]]
    assert CopyBeliefs().updated(apart).campaigns == 0
    alike = CopyBeliefs().updated([[arm(1000, 90, offer=1), arm(1000, 30, offer=1)]])
    assert alike.effects()["offer"].lift == 0
    assert alike.told == {}


def test_it_finds_what_holds_over_campaigns_and_survives_json():
    dice = np.random.default_rng(1)
    tests = []
    for _ in range(60):
        level = dice.uniform(0.02, 0.2)
        tests.append([
            arm(5000, dice.binomial(5000, level * 1.15), urgent=1, length=dice.normal()),
            arm(5000, dice.binomial(5000, level), offer=1, length=dice.normal()),
        ])  # fmt: skip
    told = CopyBeliefs().updated(tests[:30]).updated(tests[30:])
    assert told.effects()["length"].low < 0 < told.effects()["length"].high
    first, second = told.guesses([{"urgent": 1}, {"offer": 1}])
    assert (1 + first.lift) / (1 + second.lift) == pytest.approx(1.16, abs=0.03)
    again = CopyBeliefs.from_json(json.loads(json.dumps(told.as_json())))
    assert again.guesses([{"urgent": 1}, {}]) == told.guesses([{"urgent": 1}, {}])


def test_subject_and_body_are_told_apart_where_arms_differ_in_both():
    dice = np.random.default_rng(2)
    tests = []
    for n in range(60):
        level = dice.uniform(0.02, 0.1)
        rates = [level * 1.2, level * 1.2 * 0.9] if n % 2 else [level * 1.2, level]
        both = [{"urgent": 1, "body_picture": 0}, {"urgent": n % 2, "body_picture": n % 2}]
        tests.append([arm(20_000, dice.binomial(20_000, r), **f) for r, f in zip(rates, both, strict=True)])
    found = CopyBeliefs().updated(tests).effects()
    assert found["urgent"].low > 0.08
    assert -0.16 < found["body_picture"].low < found["body_picture"].high < 0
    assert found["body_offer"].lift == 0


def test_a_state_of_other_features_is_nothing_to_go_by():
    told = CopyBeliefs().updated([[arm(1000, 50, urgent=1), arm(1000, 40)]])
    assert CopyBeliefs.from_json(told.as_json() | {"features": ["other"]}).campaigns == 0
