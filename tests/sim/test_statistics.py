"""What the statistics must reach, on more runs and other seeds than tests/campaigns/experiments asks for."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from campaigns.experiments.live.judging import judge
from campaigns.experiments.live.tallies import HELD, WRITTEN
from campaigns.experiments.simulation import peeking, sample_ratio_alarms
from campaigns.experiments.statistics.assignment import BUCKETS, buckets
from campaigns.experiments.statistics.sample_ratio import check_sample_ratio

pytestmark = pytest.mark.sim


def aa(seed, runs):
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.005, 0.2, runs)
    return peeking(rng, runs=runs, control=base, treatment=base)


@pytest.mark.parametrize("seed", range(31, 36))
def test_always_valid_errs_in_at_most_25_of_a_thousand(seed, figure):
    found = aa(seed, 1_000).always_valid
    figure(f"A/A, always valid, 1,000 tests, seed {seed}", found, "at most 0.025")
    assert found <= 0.025


def test_planned_looks_spend_what_they_promise_and_the_naive_rule_fails_the_harness(figure):
    found = aa(41, 20_000)
    figure("A/A, planned looks, 20,000 tests", found.group_sequential, "0.045 to 0.054")
    figure("A/A, naive rule, 20,000 tests", found.naive, "at least 0.18")
    assert 0.045 <= found.group_sequential <= 0.054
    assert found.naive >= 0.18


@pytest.mark.parametrize("seed", (51, 52))
def test_power_of_a_tenth_more_on_five_percent(seed, figure):
    found = peeking(np.random.default_rng(seed), runs=20_000, control=0.05, treatment=0.055)
    figure(f"power, planned looks, seed {seed}", found.group_sequential, "at least 0.75")
    figure(f"power, always valid, seed {seed}", found.always_valid, "at least 0.45")
    assert found.group_sequential >= 0.75
    assert found.always_valid >= 0.45


def test_sample_ratio_is_quiet_when_healthy_and_alarms_when_not(figure):
    rng = np.random.default_rng(61)
    healthy = sample_ratio_alarms(rng, runs=1_000, people=10_000)
    leaking = sample_ratio_alarms(rng, runs=1_000, people=10_000, share=0.525)
    figure("sample ratio, healthy: alarms", healthy, "at most 0.004")
    figure("sample ratio, a true 52.5 % of 10,000: alarms", leaking, "at least 0.94")
    assert healthy <= 0.004
    assert leaking >= 0.94
    assert not check_sample_ratio([5250, 4750], [1, 1]).clean


def test_a_million_people_are_split_evenly_and_two_tests_independently(figure):
    names = [f"person-{n}" for n in range(1_000_000)]
    one, two = buckets("one", names), buckets("two", names)
    even = stats.chisquare(np.bincount(one, minlength=BUCKETS)).pvalue
    table = np.zeros((4, 4))
    np.add.at(table, (one * 4 // BUCKETS, two * 4 // BUCKETS), 1)
    apart = stats.chi2_contingency(table).pvalue
    figure("assignment, a million ids: p of an even split", even, "above 0.001")
    figure("assignment, two tests: p of independence", apart, "above 0.001")
    assert even > 0.001
    assert apart > 0.001


def statistics(rng, rates, people, looks):
    """Return what a last planned look stores of arms with these true rates."""
    sold = [int(rng.binomial(people, rate)) for rate in rates]
    keys = "abcdefgh"[: len(rates)]
    groups = {key: {"n": people, "x": x} for key, x in zip(keys, sold, strict=True)}
    groups |= {HELD: {"n": 0, "x": 0}, WRITTEN: {"n": people * len(rates), "x": sum(sold)}}
    zero = {"n": 0, "mean": 0.0, "m2": 0.0}
    return {
        "design": {
            "alpha": 0.05,
            "arms": [{"key": k, "name": k, "is_control": k == "a", "weight": 1} for k in keys],
            "metrics": [
                {
                    "measure": "conversion", "kind": "proportion", "role": "primary", "good": "increase",
                    "window_days": 7, "margin": None, "relative": False, "of_messages": False,
                }
            ],
        },
        "fractions": looks,
        "last": True,
        "window_passed": True,
        "planned_people": people * len(rates),
        "buyers": sum(sold),
        "counts": {
            "met": dict.fromkeys(keys, people) | {HELD: 0, WRITTEN: people * len(rates)},
            "assigned": {}, "bounced": {}, "machine": {}, "multiple": 0,
            "revenue": dict.fromkeys([*keys, HELD, WRITTEN], zero),
        },
        "tallies": [{"met": groups, "closed": groups}],
        "ratio": {
            "observed": [people] * len(rates), "expected": [people] * len(rates), "groups": [],
            "groups_expected": [],
        },
        "segments": [],
    }  # fmt: skip


@pytest.mark.parametrize(("arms", "most"), [(2, 0.035), (4, 0.035)])
def test_the_whole_judgement_ships_an_equal_arm_as_rarely_as_promised(arms, most, figure):
    """One side of 5 % ships: 2.5 % over all arms together, with room for chance."""
    rng = np.random.default_rng(71)
    outcomes = Counter(
        judge(statistics(rng, [0.05] * arms, 4_000, [1.0]))["winner"] is not None for _ in range(1_500)
    )
    figure(f"whole judgement, {arms} equal arms: shipped", outcomes[True] / 1_500, f"at most {most}")
    assert outcomes[True] / 1_500 <= most


def test_the_whole_judgement_finds_a_fifth_more(figure):
    rng = np.random.default_rng(72)
    won = sum(judge(statistics(rng, [0.05, 0.06], 8_000, [1.0]))["winner"] == "b" for _ in range(400))
    figure("whole judgement, a fifth more: shipped", won / 400, "at least 0.75")
    assert won / 400 >= 0.75
