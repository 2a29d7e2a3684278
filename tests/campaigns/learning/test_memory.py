import json

import pytest

from campaigns.learning.memory import KEPT, Memory, Outcome, Wave

HERE = ("explores", "high")


def wave(key, orders=3.0, shown=1.0):
    return Wave(key, {HERE: {"alone": Outcome(10, orders, 40.5, 0.25)}}, shown)


def test_a_wave_that_was_counted_anew_takes_its_old_place():
    memory = Memory().updated([wave("1"), wave("2", shown=0.5)]).updated([wave("3"), wave("2", orders=5)])
    assert [w.key for w in memory.waves] == ["1", "2", "3"]
    assert memory.waves[1].cells[HERE]["alone"].orders == 5
    assert memory.waves[1].shown == 1.0


def test_only_the_last_waves_are_kept():
    memory = Memory().updated(wave(f"{i:03}") for i in range(KEPT + 5))
    assert len(memory.waves) == KEPT
    assert memory.waves[0].key == "005"


def test_it_turns_into_json_and_back():
    memory = Memory().updated([wave("1"), wave("2", shown=0.55)])
    assert Memory.from_json(json.loads(json.dumps(memory.as_json()))) == memory


def test_outcomes_add_up():
    assert Outcome(1, 2, 3, 4) + Outcome(10, 20, 30, 40) == Outcome(11, 22, 33, 44)


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="0 or more"):
        Outcome(people=-1)
    with pytest.raises(ValueError, match="share"):
        wave("1", shown=1.2)
