import json

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from campaigns.learning.coupon_values import ALONE, CouponValues, kinship, never_worse, ordered
from campaigns.learning.memory import Outcome, Wave
from campaigns.learning.value_simulation import ValueShop, play

LOW, HIGH = ("explores", "low"), ("explores", "high")
BASKET, MARGIN = 40.0, 16.0


def fresh(**given):
    return CouponValues((LOW, HIGH), contact_cost=0.01, **given)


def wave(key, rates, people=3000):
    cells = {}
    for context, arms in rates.items():
        cells[context] = {
            arm: Outcome(
                people,
                people * rate,
                MARGIN * people * rate,
                0.0 if arm == ALONE else BASKET * int(arm) / 100 * people * rate,
            )
            for arm, rate in arms.items()
        }
    return Wave(key, cells)


#: The low band buys anyhow; the high one needs 10 %. Margin a person: low .10 x 16 at 0; high .20 x 12 at 10.
TRUTH = {
    LOW: {ALONE: 0.06, "0": 0.10, "5": 0.101, "10": 0.102, "15": 0.103},
    HIGH: {ALONE: 0.06, "0": 0.08, "5": 0.11, "10": 0.20, "15": 0.21},
}


def test_each_band_gets_what_leaves_most_a_person():
    learned = fresh().updated(wave(str(i), TRUTH) for i in range(4))
    assert learned.weights(LOW)["0"] > 0.85
    assert learned.weights(HIGH)["10"] > 0.85
    assert min(learned.weights(LOW).values()) >= 0.01


def test_those_whom_a_message_puts_off_are_left_alone():
    annoyed = {LOW: {ALONE: 0.12, "0": 0.09, "5": 0.09, "10": 0.092, "15": 0.095}, HIGH: TRUTH[HIGH]}
    learned = fresh().updated(wave(str(i), annoyed) for i in range(4))
    assert learned.weights(LOW)[ALONE] > 0.9
    told = CouponValues((LOW, HIGH), may_leave_alone=False).updated(wave(str(i), annoyed) for i in range(4))
    assert ALONE not in told.weights(LOW)


def test_nothing_above_the_cap_is_ever_given():
    capped = fresh(cap=5).updated(wave(str(i), TRUTH) for i in range(4))
    assert set(capped.weights(HIGH)) == {ALONE, "0", "5"}
    with pytest.raises(ValueError, match="allowed"):
        fresh(cap=5, in_use=10)


def test_a_larger_coupon_never_makes_fewer_order():
    upside_down = {c: {ALONE: 0.05, "0": 0.12, "5": 0.10, "10": 0.09, "15": 0.08} for c in (LOW, HIGH)}
    learned = fresh().updated(wave(str(i), upside_down, people=500) for i in range(2))
    draws = learned.beliefs.draws(LOW, np.random.default_rng(1).standard_normal((500, 5)))
    assert (np.diff(ordered(draws[:, 1:]), axis=1) >= -1e-12).all()
    assert learned.weights(LOW)["0"] > learned.weights(LOW)["15"]


def test_order_is_that_of_isotonic_regression():
    rows = np.random.default_rng(2).normal(size=(200, 4))
    expected = [IsotonicRegression().fit_transform(range(4), row) for row in rows]
    assert ordered(rows) == pytest.approx(np.array(expected), abs=1e-9)


def test_neighbouring_values_tell_of_each_other():
    found = kinship((0, 5, 10, 15))
    assert found[0, 1:] == pytest.approx(0)
    correlation = found / np.sqrt(np.outer(found.diagonal(), found.diagonal()))
    assert correlation[3, 4] > correlation[2, 4] > correlation[1, 4] > 0
    assert (np.linalg.eigvalsh(found) > 0).all()


def test_the_loyal_never_get_less():
    usual = {ALONE: 0.1, "0": 0.2, "5": 0.3, "10": 0.4}
    loyal = {ALONE: 0.3, "0": 0.4, "5": 0.1, "10": 0.2}
    assert never_worse(usual, loyal) == pytest.approx(usual)
    better = {ALONE: 0.0, "0": 0.1, "5": 0.1, "10": 0.8}
    assert never_worse(usual, better) == pytest.approx(better)
    mixed = never_worse(usual, {ALONE: 0.0, "0": 0.5, "5": 0.1, "10": 0.4})
    assert mixed == pytest.approx({ALONE: 0.0, "0": 0.3, "5": 0.3, "10": 0.4})
    with pytest.raises(ValueError, match="same arms"):
        never_worse(usual, {"0": 1.0})


def test_it_decides_the_same_after_being_stored():
    learned = fresh(cap=10).updated([wave("1", TRUTH)])
    again = CouponValues.from_json(json.loads(json.dumps(learned.as_json())))
    assert again == learned
    assert again.weights(HIGH) == learned.weights(HIGH)


def test_who_is_in_no_context_gets_what_is_in_use():
    assert fresh(in_use=5).plain == "5"
    with pytest.raises(KeyError, match="context"):
        fresh().weights(("explores", "unknown"))
    with pytest.raises(ValueError, match="rise"):
        fresh(values=(10, 5, 0))


def test_open_windows_count_by_what_could_be_seen_and_a_naive_count_goes_astray():
    def reached(*, corrected):
        shop = ValueShop((0.06, 0.07, 0.10, 0.105), people=20_000, corrected=corrected)
        return sum(play(shop, np.random.default_rng(seed)) for seed in range(6)) / 6

    assert reached(corrected=True) > 0.75 > 0.65 > reached(corrected=False)
