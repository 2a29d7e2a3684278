"""The figures that the statistics must reach, on seeds fixed here; the long ones are in tests/sim."""

import numpy as np

from campaigns.experiments.bandit_simulation import Shop, play, shares, winner
from campaigns.experiments.simulation import peeking, sample_ratio_alarms
from campaigns.experiments.statistics.delay import Delay

FOUR = (0.02, 0.023, 0.026, 0.03)


def four(campaign):
    return FOUR


def swapped(campaign):
    return FOUR if campaign < 1 else (0.03, 0.023, 0.026, 0.02)


def steady(share):
    """Return the curve of orders of which each period shows the same share of those still to come."""
    return Delay(tuple(1 - (1 - share) ** k for k in (1, 2, 3)))


def two(campaign):
    return (0.02, 0.03)


def test_always_valid_errs_rarely_in_a_thousand_healthy_tests():
    rng = np.random.default_rng(2026)
    base = rng.uniform(0.005, 0.2, 1_000)
    assert peeking(rng, runs=1_000, control=base, treatment=base).always_valid <= 0.025


def test_planned_looks_err_as_often_as_promised_and_peeking_far_more():
    rng = np.random.default_rng(2027)
    base = rng.uniform(0.005, 0.2, 20_000)
    result = peeking(rng, runs=20_000, control=base, treatment=base)
    assert 0.045 <= result.group_sequential <= 0.054
    assert result.naive >= 0.18


def test_power_of_a_tenth_more_on_five_percent():
    result = peeking(np.random.default_rng(2028), runs=20_000, control=0.05, treatment=0.055)
    assert result.group_sequential >= 0.75
    assert result.always_valid >= 0.45


def test_sample_ratio_is_quiet_when_healthy_and_catches_a_leak():
    rng = np.random.default_rng(2029)
    assert sample_ratio_alarms(rng, runs=1_000, people=10_000) <= 0.004
    assert sample_ratio_alarms(rng, runs=1_000, people=10_000, share=0.525) >= 0.94


def test_a_run_repeats_from_its_seed():
    shop = Shop(two, campaigns=1, people=2_000)
    assert shares(shop, runs=2, seed=3) == shares(shop, runs=2, seed=3)


def test_bandit_beats_an_equal_split_by_far():
    reached = shares(Shop(four, campaigns=5, people=20_000), runs=6, seed=1)
    assert np.mean(reached) > 0.93 > np.mean(FOUR) / max(FOUR)


def test_correcting_for_open_windows_pays():
    late = {"campaigns": 3, "people": 20_000, "delay": steady(0.1)}
    with_, without = (
        np.mean(shares(Shop(four, corrected=flag, **late), runs=12, seed=1)) for flag in (True, False)
    )
    assert with_ > without + 0.01


def test_winner_is_named_on_the_equal_weight_people_alone():
    run = play(Shop(lambda c: (0.01, 0.2), campaigns=1, people=20_000), np.random.default_rng(1))
    assert sum(run.people) < 0.3 * 20_000
    assert winner(run) == 1


def test_bandit_finds_the_new_best_arm_after_a_swap():
    reached = shares(Shop(swapped, campaigns=3, people=20_000), runs=6, seed=1)
    assert np.mean(reached) > 0.85 > np.mean(FOUR) / max(FOUR)


def test_bandit_reaches_its_share_in_a_small_shop():
    assert np.mean(shares(Shop(two, campaigns=12, people=2_700), runs=10, seed=1)) >= 0.92


def test_equal_arms_rarely_have_a_winner():
    shop = Shop(lambda c: (0.025,) * 4, 5, 20_000)
    streams = np.random.SeedSequence(5).spawn(6)
    named = [winner(play(shop, np.random.default_rng(stream))) for stream in streams]
    assert named.count(None) >= 5
