import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency, fisher_exact

from recommender import DataError
from recommender.ranking.together import Together, independence


def shop(*baskets, times=1):
    """Rows of baskets given as texts: each letter is an item."""
    rows = [
        (f"u{number}", f"b{number}", item)
        for number, basket in enumerate(basket for basket in baskets for _ in range(times))
        for item in basket
    ]
    return pl.DataFrame(rows, schema=["user_id", "basket", "item_id"], orient="row")


def test_lift_by_hand():
    # 100 baskets: tea in 40, milk in 30, both in 24; by chance it would be 12.
    found = Together().fit(shop(*["tm"] * 24, *["t"] * 16, *["m"] * 6, *["x"] * 54))
    (pair,) = found.bought_with("t")
    assert (pair.item, pair.baskets) == ("m", 24)
    assert pair.lift == pytest.approx(24 * 100 / (40 * 30))
    # Wilson's bound of 24 of 30 is 0.627; by chance it would be 40 of 100.
    assert pair.low == pytest.approx(0.6269 / 0.4, abs=1e-3)
    assert [other.item for other in found.bought_with("m")] == ["t"]
    assert found.bought_with("x") == found.bought_with("gone") == []


def test_the_tests_agree_with_scipy():
    table = [[24, 16], [6, 54]]
    ours = independence(np.array([24.0]), np.array([40.0]), np.array([30.0]), 100)[0]
    assert ours == pytest.approx(chi2_contingency(table, correction=True).pvalue / 2)
    rare = [[3, 1], [2, 94]]
    ours = independence(np.array([3.0]), np.array([4.0]), np.array([5.0]), 100)[0]
    assert ours == pytest.approx(fisher_exact(rare, alternative="greater").pvalue)


def test_chance_is_no_pair():
    random = np.random.default_rng(3)
    baskets = ["".join(random.choice(list("abcdefghij"), 3, replace=False)) for _ in range(600)]
    assert Together().fit(shop(*baskets)).pairs_.height == 0


def test_few_common_baskets_are_no_pair_however_high_their_lift():
    found = Together(min_baskets=5).fit(shop(*["ab"] * 4, *["c"] * 500))
    assert found.bought_with("a") == []
    assert Together(min_baskets=4).fit(shop(*["ab"] * 4, *["c"] * 500)).bought_with("a")[0].item == "b"


def test_an_instant_of_one_customer_is_a_basket_too():
    rows = [(f"u{n}", n, item) for n in range(200) for item in ("ab" if n % 2 else "c")]
    frame = pl.DataFrame(rows, schema=["user_id", "timestamp", "item_id"], orient="row")
    assert [pair.item for pair in Together().fit(frame).bought_with("a")] == ["b"]
    with pytest.raises(DataError, match="needs a basket or a timestamp"):
        Together().fit(frame.drop("timestamp"))


def test_bundles_are_sets_of_which_every_two_belong_together():
    found = Together().fit(shop(*["abc"] * 30, *["de"] * 40, *["x"] * 200))
    (bundle,) = found.bundles(size=3)
    assert bundle.items == ("a", "b", "c")
    assert bundle.baskets == 30
    assert bundle.low > 1
    assert [pair.items for pair in found.bundles(size=2)] == [("d", "e"), ("a", "b")]
    with pytest.raises(DataError, match="at least 2"):
        found.bundles(size=1)
