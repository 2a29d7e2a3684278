from dataclasses import replace

import pytest

from campaigns.experiments.statistics.noninferiority import Guard
from campaigns.experiments.statistics.results import Interval
from campaigns.experiments.statistics.verdict import Block, Look, Outcome, Verdict, decide, verdict

WON = Look(
    z=3.1,
    bound=2.4,
    interval=Interval(0.001, 0.008),
    sample_ratio_clean=True,
    pooled_conversions=400,
    window_passed=True,
    last=False,
    guardrails=(Guard.SAFE,),
)


@pytest.mark.parametrize(
    ("low", "high", "good", "expected"),
    [
        (0.001, 0.01, "increase", Verdict.BETTER),
        (-0.01, -0.001, "increase", Verdict.WORSE),
        (-0.001, 0.001, "increase", Verdict.NO_DIFFERENCE),
        (0.0, 0.001, "increase", Verdict.NO_DIFFERENCE),
        (0.001, 0.01, "decrease", Verdict.WORSE),
        (-0.01, -0.001, "decrease", Verdict.BETTER),
    ],
)
def test_verdict_needs_an_interval_without_zero(low, high, good, expected):
    assert verdict(Interval(low, high), good) is expected


def test_clean_crossing_ships():
    decision = decide(WON)
    assert (decision.outcome, decision.verdict, decision.blocks) == (Outcome.SHIP, Verdict.BETTER, ())
    assert decision.ships


def test_guardrail_not_yet_known_ships_only_with_a_holdout():
    decision = decide(replace(WON, guardrails=(Guard.SAFE, Guard.UNKNOWN)))
    assert decision.outcome is Outcome.SHIP_WITH_HOLDOUT
    assert decision.ships


@pytest.mark.parametrize(
    ("change", "block", "outcome"),
    [
        ({"sample_ratio_clean": False}, Block.SAMPLE_RATIO, Outcome.BLOCKED),
        ({"pooled_conversions": 24}, Block.FEW_CONVERSIONS, Outcome.BLOCKED),
        ({"window_passed": False}, Block.WINDOW_OPEN, Outcome.BLOCKED),
        ({"guardrails": (Guard.HARMED,)}, Block.GUARDRAIL, Outcome.STOP_HARM),
    ],
)
def test_each_condition_alone_keeps_a_winner_from_shipping(change, block, outcome):
    decision = decide(replace(WON, **change))
    assert decision.blocks == (block,)
    assert decision.outcome is outcome
    assert not decision.ships


def test_crossing_the_wrong_way_stops():
    decision = decide(replace(WON, z=-3.0))
    assert (decision.outcome, decision.verdict) == (Outcome.STOP_HARM, Verdict.WORSE)
    fewer_complaints = decide(replace(WON, z=-3.0, good="decrease"))
    assert fewer_complaints.outcome is Outcome.SHIP


def test_no_crossing_goes_on_until_the_horizon_and_then_says_what_was_ruled_out():
    early = replace(WON, z=1.0, interval=Interval(-0.002, 0.006))
    assert decide(early).outcome is Outcome.CONTINUE
    end = decide(replace(early, last=True))
    assert (end.outcome, end.verdict) == (Outcome.NO_DIFFERENCE, Verdict.NO_DIFFERENCE)
    assert end.not_ruled_out == Interval(-0.002, 0.006)
    assert not end.ships


def test_a_broken_split_concludes_nothing_in_either_direction():
    assert decide(replace(WON, z=-9.0, sample_ratio_clean=False)).outcome is Outcome.BLOCKED
