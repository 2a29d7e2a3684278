import json

import pytest

from campaigns.experiments.statistics.power import sample_size
from campaigns.learning.memory import Outcome, Wave
from campaigns.learning.small_shop import CAUTIOUS_SHARE, EVERYBODY, TwoArms, campaigns_needed


def wave(key, people=700, **orders):
    cells = {arm: Outcome(people, x, 14.0 * x) for arm, x in orders.items()}
    return Wave(key, {EVERYBODY: cells})


def fresh():
    return TwoArms("now", ("one", "two"))


def test_a_challenger_begins_carefully():
    assert fresh().weights() == pytest.approx({"now": 1 - CAUTIOUS_SHARE, "one": CAUTIOUS_SHARE})


def test_a_challenger_that_seems_better_stays_at_its_share_until_it_is_nearly_certain():
    lucky = fresh().updated([wave("1", now=70, one=78)])
    assert 0.5 < lucky.chance < 0.9
    assert lucky.weights()["one"] == pytest.approx(CAUTIOUS_SHARE)
    proven = lucky.updated(wave(str(i), now=70, one=110) for i in range(2, 6))
    assert proven.weights()["one"] > 0.9


def test_a_bad_challenger_is_given_less_and_dropped_at_the_campaigns_end():
    bad = fresh().updated(wave(str(i), now=100, one=60) for i in range(4))
    assert bad.weights()["one"] == pytest.approx(0.01)
    assert bad.challenger == "one"  # within the campaign nothing is replaced
    after = bad.next_campaign()
    assert (after.in_use, after.challenger) == ("now", "two")


def test_a_proven_challenger_is_in_use_from_the_next_campaign_on():
    after = fresh().updated(wave(str(i), now=60, one=100) for i in range(4)).next_campaign()
    assert (after.in_use, after.challenger) == ("one", "two")


def test_an_undecided_one_goes_on_and_when_all_were_tried_nothing_is_tried():
    undecided = fresh().updated([wave("1", now=80, one=80)])
    assert undecided.next_campaign() == undecided
    done = TwoArms("now", ("one",), tried=("one",))
    assert done.challenger is None
    assert done.weights() == {"now": 1.0}
    assert done.next_campaign() is done


def test_what_a_message_costs_counts():
    even = [wave(str(i), people=5000, now=500, one=500) for i in range(4)]
    cheap = TwoArms("now", ("one",), costs={"one": 0.5}).updated(even)
    assert cheap.chance < 0.05


def test_it_decides_the_same_after_being_stored():
    learned = fresh().updated([wave("1", now=70, one=78)])
    again = TwoArms.from_json(json.loads(json.dumps(learned.as_json())))
    assert again == learned
    assert again.weights() == learned.weights()


def test_it_says_how_many_campaigns_a_verdict_needs():
    assert campaigns_needed(0.10, 0.10, 2_700) == -(-2 * sample_size(0.10, 0.10) // 2_700) == 11
    assert campaigns_needed(0.10, 0.10, 50_000) == 1
    with pytest.raises(ValueError, match="two people"):
        campaigns_needed(0.1, 0.1, 1)
