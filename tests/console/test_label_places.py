"""Names beside spots: none lies over another, over a spot, or beyond the edges."""

import random

from console.learn.label_places import SPOT, _box, _meet, places

NAMES = [
    "Best of all (hybrid)",
    "What they buy again",
    "综合最优（混合）",
    "反复购买的商品",
    "ALS",
    "Similar",
    "Popular",
]


def test_a_name_lies_towards_the_middle_beside_its_spot():
    left, right = places(["One", "Two"], [(20, 50), (380, 150)], width=400, height=245)
    assert (left.side, left.shift, right.side, right.shift) == ("left", 0, "right", 0)


def test_two_spots_at_one_place_have_two_lines():
    one, two = places(NAMES[2:4], [(200, 100), (206, 101)], width=400, height=245)
    boxes = [_box(NAMES[2], 200, 100, one.side, one.shift), _box(NAMES[3], 206, 101, two.side, two.shift)]
    assert not _meet(*boxes)


def test_seven_strategies_never_meet_where_there_is_room():
    chance = random.Random(7)
    for _case in range(200):
        spots = [(chance.uniform(10, 390), chance.uniform(10, 235)) for _name in NAMES]
        found = places(NAMES, spots, width=400, height=245)
        boxes = [_box(n, x, y, p.side, p.shift) for n, (x, y), p in zip(NAMES, spots, found, strict=True)]
        dots = [(x - SPOT, y - SPOT, x + SPOT, y + SPOT) for x, y in spots]
        meetings = sum(_meet(a, b) for i, a in enumerate(boxes) for b in [*boxes[:i], *dots])
        assert meetings == 0, spots


def test_without_any_room_a_name_stays_beside_its_spot():
    found = places(["A name that is wider than the plane itself is"], [(10, 10)], width=60, height=30)
    assert found[0].shift == 0
