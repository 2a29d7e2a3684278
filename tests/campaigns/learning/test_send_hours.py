"""Hours learned from acts and clicks: each level by hand, and what is done with it."""

import json

import numpy as np
import pytest

from campaigns.learning.send_hours import (
    ALL,
    ASSUMED_RATE,
    DAY,
    HOURS,
    Hours,
    Sends,
    best,
    weights,
)  # fmt: skip

NOTHING = Sends([], np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))


def acts(**hours: float) -> np.ndarray:
    found = np.zeros(HOURS)
    for name, count in hours.items():
        found[int(name[1:])] = count
    return found


def sends(*rows: tuple[str, int, float, int]) -> Sends:
    persona, hour, chance, clicked = zip(*rows, strict=True)
    return Sends(list(persona), np.array(hour), np.array(chance), np.array(clicked, dtype=float))


def test_nothing_known_is_every_hour_alike_and_the_day_begins_at_eight():
    belief = Hours().of()
    assert belief.rate == pytest.approx(np.full(HOURS, ASSUMED_RATE))
    assert belief.best() == 8


def test_habit_of_all_by_hand():
    belief = Hours().updated(NOTHING, {ALL: acts(h9=60, h18=16)}).of()
    # (60 + 24/24) / (76 + 24) of all acts; an even spread is 1/24
    assert belief.habit[9] == pytest.approx(61 / 100)
    assert belief.rate[9] == pytest.approx(ASSUMED_RATE * 61 / 100 * 24)
    assert belief.rate[12] == pytest.approx(ASSUMED_RATE * 1 / 100 * 24)
    assert belief.best() == 9


def test_messages_weigh_by_the_chance_of_their_hour():
    # Ten at a chance of 1/13 weigh one each, ten at 10/13 a tenth each.
    rare = [("", 10, 1 / 13, int(n < 4)) for n in range(10)]
    usual = [("", 10, 10 / 13, int(n < 9)) for n in range(10)]
    counts = Hours().updated(sends(*rare, *usual), {}).groups[ALL]
    assert counts.weight[10] == pytest.approx(11)
    assert counts.clicked[10] == pytest.approx(4 + 0.9)
    assert counts.sent[10] == pytest.approx(11**2 / 10.1)
    assert counts.clicks[10] == pytest.approx(4.9 / 11 * 121 / 10.1)
    belief = Hours({ALL: counts}).of()
    overall = (counts.clicks[10] + 500 * 0.02) / (counts.sent[10] + 500)
    assert belief.rate[10] == pytest.approx((counts.clicks[10] + 500 * overall) / (counts.sent[10] + 500))


def test_persona_and_person_shrink_to_what_is_above():
    hours = Hours().updated(NOTHING, {"1": acts(h9=100), "2": acts(h20=100)})
    assert hours.groups[ALL].acts[9] == hours.groups[ALL].acts[20] == 100
    assert (hours.of("1").best(), hours.of("2").best()) == (9, 20)
    assert hours.of("3").rate == pytest.approx(hours.of().rate)
    above = hours.of("1")
    own, none = acts(h14=30)[None, :], np.zeros((1, HOURS))
    rate = hours.people(["1"], own, none, none)[0]
    habit = (30 + 24 * above.habit[14]) / 54
    assert rate[14] == pytest.approx(above.rate[14] * habit / above.habit[14])
    assert int(best(rate[None, :])[0]) == 14
    # Fifty messages at that hour that nobody clicked halve it.
    ignored = hours.people(["1"], own, acts(h14=50)[None, :], none)[0]
    assert ignored[14] == pytest.approx(rate[14] / 2)


def test_messages_outweigh_the_habit_in_the_end():
    habit = {ALL: acts(h19=1000)}
    rows = [("", hour, 1 / 13, int(hour == 11 and n % 10 == 0)) for hour in DAY for n in range(2000)]
    assert Hours().updated(NOTHING, habit).of().best() == 19
    learned = Hours().updated(sends(*rows), habit).of()
    assert learned.best() == 11
    before = (200 + 10) / (26_000 + 500) * 24 / 1024
    assert learned.rate[11] == pytest.approx((200 + 500 * before) / 2500)
    half = 1.959964 * (learned.rate[11] * (1 - learned.rate[11]) / 2501) ** 0.5
    assert learned.interval(11) == pytest.approx((learned.rate[11] - half, learned.rate[11] + half))


def test_never_at_night_and_state_survives_json():
    hours = Hours().updated(sends(("1", 12, 0.5, 1)), {"1": acts(h3=500, h13=2)})
    assert hours.of("1").best() == 13
    again = Hours.from_json(json.loads(json.dumps(hours.as_json())))
    assert again.of("1").rate.tolist() == hours.of("1").rate.tolist()
    with pytest.raises(ValueError, match="no chance"):
        Hours().updated(sends(("1", 12, 0.0, 1)), {})


def test_chances_of_the_draw():
    chances = weights(18, 9)
    assert chances[18] == pytest.approx(0.8 + 0.1 / 13)
    assert chances[9] == pytest.approx(0.1 + 0.1 / 13)
    assert chances[12] == pytest.approx(0.1 / 13)
    assert sum(chances.values()) == pytest.approx(1)
    assert weights(18, 22)[22] == pytest.approx(0.1)  # the usual time may lie outside the day
    off = weights(18, 9, use=False)
    assert (off[9], off[18]) == pytest.approx((0.9 + 0.1 / 13, 0.1 / 13))
