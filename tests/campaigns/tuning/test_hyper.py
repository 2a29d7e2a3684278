"""Offline figures, corrected by what was seen live, decide what is tried next."""

from datetime import UTC, datetime

import pytest

from campaigns.learning.memory import Memory, Outcome, Wave
from campaigns.learning.small_shop import CAUTIOUS_SHARE
from campaigns.tuning import hyper, strategies
from campaigns.tuning.hyper import Relation, learn_candidates, live_lifts, related
from campaigns.tuning.strategies import learn_strategies
from recommendations.models import ModelVersion, Posterior, Strategy, TuningDecision
from recommendations.services.tuning import Expected, approve_decision, decline_decision
from recommendations.strategies import ensure_strategies

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
USE = "email:replenish"


def trained(key: str, family: str, difference: float) -> None:
    """Store a strategy that was measured beside popularity (NDCG .10), with an error of .005."""
    strategy, _ = Strategy.objects.get_or_create(
        key=key, defaults={"name": key, "family": family, "created_at": NOW}
    )
    ends = [difference - 0.0098, difference + 0.0098]
    ModelVersion.objects.create(
        strategy=strategy, as_of=NOW, code_version="2", artifact="", checksum="", created_at=NOW,
        metrics={
            "objectives": {"replenish": {"ndcg10": 0.10 + difference}},
            "comparisons": [
                {"a": key, "b": "popularity", "objective": "replenish", "difference": difference,
                 "interval": ends}
            ],
        },
    )  # fmt: skip


def test_offline_lifts_are_worth_what_live_arms_showed():
    # Before any arm was live: slope 1 with an error of 1.
    fresh = Relation().corrected(Expected(0.2, 0.05))
    assert (fresh.lift, fresh.se) == (0.2, pytest.approx((0.2**2 + 2 * 0.05**2) ** 0.5))
    # Two arms with 40 % and 20 % offline brought a quarter of it: 1/.02^2 a pair, and the prior counts one.
    tight = Expected(0.4, 1e-9), Expected(0.1, 0.02)
    half = Expected(0.2, 1e-9), Expected(0.05, 0.02)
    found = related([tight, half])
    weight = (0.4**2 + 0.2**2) / 0.02**2
    assert found.slope == pytest.approx((1 + weight * 0.25) / (1 + weight))
    assert found.error == pytest.approx((1 + weight) ** -0.5)
    assert found.pairs == 2


def test_live_lifts_compare_people_of_the_same_wave_only():
    # Everybody orders more in the second wave, in which only the challenger was written with.
    waves = [
        Wave("one", {("1",): {"old": Outcome(5000, 500), "new": Outcome(5000, 500)}}),
        Wave("two", {("1",): {"new": Outcome(5000, 2500)}}),
    ]
    assert live_lifts(Memory(tuple(waves)), "old")["new"].lift == pytest.approx(0.0, abs=0.02)


@pytest.mark.django_db
def test_the_best_candidate_waits_for_a_person_and_then_joins_the_next_campaign():
    ensure_strategies(NOW)
    trained("popularity", "popularity", 0.0)
    trained("hybrid-tuned", "hybrid", 0.04)
    trained("als", "als", 0.02)
    trained("content", "content", -0.03)

    [decision] = learn_candidates(now=NOW)
    assert (decision.kind, decision.state) == ("candidate", "proposed")
    assert decision.after == {"live": ["hybrid-tuned"]}
    assert decision.evidence["judged"] == {"judgeable": False, "reason": "no closed decisions"}
    assert decision.expected["lift"] == pytest.approx(0.4)
    assert learn_strategies(now=NOW) == []

    [again] = learn_candidates(now=NOW)
    assert again.pk == decision.pk
    approve_decision(decision, user=None, now=NOW)
    [shares] = learn_strategies(now=NOW)
    # A small shop: one challenger, cautiously.
    assert shares.after["shares"] == {"": {"popularity": 1 - CAUTIOUS_SHARE, "hybrid-tuned": CAUTIOUS_SHARE}}
    # There is room for one only.
    assert learn_candidates(now=NOW) == []
    assert TuningDecision.objects.count() == 2


@pytest.mark.django_db
def test_a_large_shop_tries_more_and_drops_who_has_no_share(monkeypatch):
    monkeypatch.setattr(strategies, "SMALL_SHOP", -1)
    ensure_strategies(NOW)
    trained("popularity", "popularity", 0.0)
    for n in range(7):
        trained(f"c{n}", "als", 0.01 + n / 1000)
    for expected in ("c6", "c5", "c4", "c3", "c2"):
        [decision] = learn_candidates(now=NOW)
        assert decision.after["live"][-1] == expected
        approve_decision(decision, user=None, now=NOW)
    assert learn_candidates(now=NOW) == []
    Posterior.objects.create(
        subject=f"strategy:{USE}", key="shares", updated_at=NOW,
        parameters={"shares": {"": {"c6": 0.01, "c5": 0.3}}, "in_use": "popularity", "reference": "x"},
    )  # fmt: skip
    [decision] = learn_candidates(now=NOW)
    assert decision.after == {"live": ["c5", "c4", "c3", "c2", "c1"]}


@pytest.mark.django_db
def test_what_a_person_declined_is_left_and_the_next_best_is_not_hidden_by_it():
    ensure_strategies(NOW)
    trained("popularity", "popularity", 0.0)
    trained("als", "als", 0.02)
    [decision] = learn_candidates(now=NOW)
    decline_decision(decision, user=None, now=NOW)
    trained("content", "content", 0.01)
    [second] = learn_candidates(now=NOW)
    assert second.after == {"live": ["content"]}
    assert hyper.candidates_of(USE) == []
