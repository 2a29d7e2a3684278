import numpy as np
import polars as pl
import pytest

from recommender.dataset import Dataset
from recommender.ranking.candidates import Source, propose
from recommender.ranking.features import Histories, PairFeatures, attribute_groups
from recommender.rhythm import rhythm
from tests.recommender.shops import rows


def test_a_rhythm_by_hand():
    found = rhythm(np.zeros(4, dtype=int), np.array([1, 1, 1, 3]), np.array([2.0, 2.5, 12.0, 5.0]), 4)
    assert found.codes.tolist() == [1, 3]
    assert found.count.tolist() == [3, 1]
    # 2 and 2.5 days ago are one day.
    assert found.days.tolist() == [2, 1]
    assert found.since.tolist() == [2, 5]
    assert found.gap[0] == 10
    assert np.isnan(found.gap[1])
    assert found.faded[0][1] == pytest.approx(np.exp(-5 / 7))


def test_the_gaps_of_a_rhythm_by_hand():
    # One key on the days 3, 13, 43 and 83 ago, another on day 40 alone.
    ages = np.array([3.0, 13.0, 13.5, 43.0, 83.0, 40.0])
    found = rhythm(np.zeros(6, dtype=int), np.array([0, 0, 0, 0, 0, 1]), ages, 2)
    assert found.days.tolist() == [4, 1]
    assert found.windows.tolist() == [[2, 0], [2, 0], [3, 1]]
    assert found.last_gap.tolist() == [10, 0]
    assert found.spread[0] == pytest.approx(np.std([10, 30, 40]))
    # Of the days 43 and 83 ago none was followed within 28 days; 13 ago is too young to tell.
    assert (found.old.tolist(), found.back.tolist()) == ([2, 1], [0, 0])
    again = rhythm(np.zeros(2, dtype=int), np.zeros(2, dtype=int), np.array([30.0, 50.0]), 1)
    assert (again.old.tolist(), again.back.tolist()) == ([2], [1])


def test_visits_lateness_and_places_of_a_pair():
    entries = [("u", "tea", day) for day in (0, 10, 20)] + [("u", "milk", day) for day in (25, 28)]
    data = Dataset.from_frame(rows(*entries), as_of="2024-01-31")
    learned = PairFeatures.learn(data, (), ())
    histories = Histories(data.user_codes, data.item_codes, data.ages, 1)
    table = learned.rows(histories, np.zeros(2, dtype=np.int32), np.array([0, 1], dtype=np.int32))
    milk, tea = (dict(zip(learned.names, map(float, row), strict=True)) for row in table)
    # Tea: 10 days ago, every 10 days, so no day late; two visits since; three of the five since the first.
    assert (tea["pair:last_gap"], tea["pair:spread"], tea["pair:late"]) == (10, 0, 0)
    assert (tea["pair:visits"], tea["pair:rate"]) == (2, pytest.approx(3 / 5))
    assert (tea["pair:days14"], tea["pair:days28"], tea["pair:days56"]) == (1, 2, 3)
    # Milk: bought twice lately, so it stands before tea.
    assert (milk["pair:visits"], milk["pair:rate"], milk["pair:late"]) == (0, 1, -1000)
    assert (milk["pair:place30"], tea["pair:place30"]) == (0, 1)
    # One day of tea is old enough to tell, and it came back; milk has none and takes the shop's share.
    assert (tea["item:returns"], milk["item:returns"]) == (pytest.approx(1), pytest.approx(1))


@pytest.fixture
def figures():
    entries = [("alice", "tea", 0), ("alice", "tea", 10), ("alice", "milk", 10), ("bob", "milk", 18)]
    data = Dataset.from_frame(rows(*entries), as_of="2024-01-21")
    kinds = np.array([0, 0], dtype=np.int32)
    learned = PairFeatures.learn(data, (kinds,), ("kind",))
    histories = Histories(data.user_codes, data.item_codes, data.ages, 2)
    # Catalogue: milk 0, tea 1. Users: alice 0, bob 1.
    table = learned.rows(histories, np.array([0, 1], dtype=np.int32), np.array([1, 1], dtype=np.int32))
    return [dict(zip(learned.names, map(float, row), strict=True)) for row in table]


def test_what_is_known_about_a_pair(figures):
    alice, bob = figures
    assert alice["pair:count"] == alice["pair:days"] == 2
    assert (alice["pair:since"], alice["pair:first"], alice["pair:gap"], alice["pair:due"]) == (10, 20, 10, 1)
    assert alice["pair:share"] == 1
    assert alice["user:active"] == 2
    assert alice["user:repeats"] == 0.5
    assert (bob["pair:count"], bob["pair:since"], bob["pair:due"]) == (0, 1000, -1)
    assert (alice["item:buyers"], alice["item:age"], alice["item:since"]) == (0.5, 20, 10)


def test_what_is_known_about_the_kind(figures):
    alice, bob = figures
    assert (alice["kind:since"], alice["kind:tried"], alice["kind:weight"]) == (10, 2, 1)
    assert (bob["kind:since"], bob["kind:tried"], bob["kind:weight"]) == (2, 1, 1)
    # Two of her three purchases of the kind were tea; the last one of the kind was tea and milk at once.
    assert (alice["kind:loyal"], alice["kind:lag"]) == (pytest.approx(2 / 3), 0)
    assert (bob["kind:loyal"], bob["kind:lag"]) == (0, 1000)
    # In the last 28 days half of the customers bought tea and all of them milk.
    assert bob["kind:share"] == pytest.approx(0.5 / 1.5, rel=1e-2)


def test_only_attributes_that_group_items_are_used():
    items = [f"i{n}" for n in range(8)]
    frame = pl.DataFrame(
        {
            "item_id": items,
            "name": items,
            "one": ["same"] * 8,
            "brand": ["x", "y"] * 4,
            "type": ["a", "a", "b", "b", "c", "c", None, " "],
        }
    )
    groups, names = attribute_groups(frame, 8)
    assert names == ("type", "brand")
    assert groups[0].tolist() == [0, 0, 1, 1, 2, 2, -1, -1]
    assert attribute_groups(None, 8) == ((), ())


def test_candidates_are_the_union_of_what_each_model_proposes():
    data = Dataset.from_frame(rows(("u", "a", 1), ("u", "b", 1), ("v", "c", 1), ("v", "d", 1)))
    first = np.array([[3, 2, 1, 0], [0, 0, 2, 3]], dtype=np.float32)
    second = np.array([[0, 9, 4, 8], [1, 2, 3, 4]], dtype=np.float32)
    lines, codes = propose([first, second], [Source(1, unseen=False), Source(1)], data.seen)
    # u: a by the first, d (unseen) by the second; v: d by the first, b by the second.
    assert list(zip(lines.tolist(), codes.tolist(), strict=True)) == [(0, 0), (0, 3), (1, 1), (1, 3)]
    nothing = propose([np.zeros((2, 4), dtype=np.float32)], [Source(2)], data.seen)
    assert len(nothing[0]) == 0
