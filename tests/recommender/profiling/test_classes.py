"""Rules, tree and forest on one split."""

import numpy as np
import polars as pl
import pytest

from recommender.errors import DataError
from recommender.profiling import compare_classes

FEATURES = ["spend", "noise"]


def shop(n=600, seed=3):
    """Later class follows spend; today's class is right in half of the cases."""
    random = np.random.default_rng(seed)
    spend = random.random(n)
    later = np.select(
        [spend > 0.75, spend > 0.5, spend > 0.25], ["high_value", "potential", "at_risk"], "lost"
    )
    today = np.where(random.random(n) < 0.5, later, random.permutation(later))
    ids = [f"u{i:04}" for i in range(n)]
    earlier = pl.DataFrame({"user_id": ids, "rfm_class": today, "spend": spend, "noise": random.random(n)})
    return earlier, pl.DataFrame({"user_id": ids, "rfm_class": later})


def test_what_can_be_learned_is_learned_and_measured_on_others():
    found = compare_classes(*shop(), FEATURES)
    ways = {way.name: way for way in found.ways}
    assert (found.learned, found.tested) == (420, 180)
    assert ways["tree"].macro_f1 > 0.95
    assert ways["rules"].macro_f1 == pytest.approx(0.62, abs=0.08)
    assert ways["rules"].difference is None
    gap, low, high = ways["tree"].difference
    assert low <= gap <= high
    assert low > 0.2
    assert found.best in ("tree", "forest")
    assert found.importance[0][0] == "spend"


def test_the_tree_is_a_picture_and_its_rules_say_the_same():
    found = compare_classes(*shop(), FEATURES)
    root = found.tree[0]
    assert root["customers"] == 600
    for node in found.tree:
        assert sum(node["counts"].values()) == node["customers"]
        if "feature" in node:
            assert (
                found.tree[node["left"]]["customers"] + found.tree[node["right"]]["customers"]
                == node["customers"]
            )
    assert sum(rule.customers for rule in found.rules) == 600
    high = next(rule for rule in found.rules if rule.label == "high_value")
    name, sign, value = high.conditions[0]
    assert (name, sign, high.purity) == ("spend", ">", 1.0)
    assert value == pytest.approx(0.75, abs=0.02)


def test_the_same_seed_gives_the_same():
    assert compare_classes(*shop(), FEATURES, seed=5) == compare_classes(*shop(), FEATURES, seed=5)


def test_too_few_customers_say_so():
    with pytest.raises(DataError, match="100 customers"):
        compare_classes(*shop(n=40), FEATURES)
