import json

import pytest

from campaigns.learning.memory import Outcome, Wave
from campaigns.learning.strategies import BEGIN_SHARE, Strategies

ARMS = ("popularity", "own-frequency", "hybrid")


def fresh():
    return Strategies(("stocks up", "explores"), ARMS, "hybrid")


def wave(key, rates, people=2000):
    cells = {
        (persona,): {arm: Outcome(people, people * rate, 12.0 * people * rate) for arm, rate in arms.items()}
        for persona, arms in rates.items()
    }
    return Wave(key, cells)


TASTES = {
    "stocks up": {"popularity": 0.08, "own-frequency": 0.14, "hybrid": 0.11},
    "explores": {"popularity": 0.13, "own-frequency": 0.06, "hybrid": 0.11},
}


def test_before_anything_is_known_the_one_in_use_keeps_its_part():
    shares = fresh().weights("explores")
    assert shares["hybrid"] == BEGIN_SHARE
    assert shares["popularity"] == shares["own-frequency"] == pytest.approx((1 - BEGIN_SHARE) / 2)


def test_each_persona_gets_its_own():
    learned = fresh().updated(wave(str(i), TASTES) for i in range(4))
    assert learned.weights("stocks up")["own-frequency"] > 0.9
    assert learned.weights("explores")["popularity"] > 0.8
    for persona in learned.personas:
        shares = learned.weights(persona)
        assert sum(shares.values()) == pytest.approx(1)
        assert min(shares.values()) >= 0.01


def test_memory_goes_on_from_campaign_to_campaign_and_follows_a_change():
    learned = fresh().updated(wave(str(i), TASTES) for i in range(4))
    turned = dict(zip(TASTES, reversed(list(TASTES.values())), strict=True))
    later = learned.updated(wave(str(i), turned) for i in range(4, 24))
    assert later.weights("stocks up")["popularity"] > 0.8


def test_everybody_has_a_champion_and_a_persona_its_own_only_when_that_is_sure():
    assert fresh().champion == fresh().best("explores") == "hybrid"
    learned = fresh().updated(wave(str(i), TASTES) for i in range(4))
    assert (learned.champion, learned.best("stocks up")) == ("hybrid", "own-frequency")
    assert learned.best("explores") == "popularity"
    alike = {
        "stocks up": {**TASTES["stocks up"]},
        "explores": dict(zip(ARMS, (0.10, 0.05, 0.095), strict=True)),
    }
    unsure = fresh().updated([wave("1", alike, people=400)])
    assert unsure.champion == unsure.best("explores")


def test_dearer_baskets_count():
    rates = dict.fromkeys(ARMS, 0.10)
    cells = {arm: Outcome(40_000, 4_000, 4_000 * (20.0 if arm == "popularity" else 10.0)) for arm in rates}
    learned = fresh().updated([Wave("1", {("explores",): cells})])
    assert learned.weights("explores")["popularity"] > 0.9


def test_it_decides_the_same_after_being_stored():
    learned = fresh().updated([wave("1", TASTES)])
    again = Strategies.from_json(json.loads(json.dumps(learned.as_json())))
    assert again == learned
    assert again.weights("explores") == learned.weights("explores")


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="none of"):
        Strategies(("a",), ARMS, "als")
    with pytest.raises(KeyError, match="persona"):
        fresh().weights("nobody")
