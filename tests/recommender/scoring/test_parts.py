"""Features, targets, measures, calibration, relevance and drift on values worked out by hand."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from recommender import DataError
from recommender.dataset import DAY
from recommender.scoring import CHURN, COUPON, PURCHASE, Past, features
from recommender.scoring.additive import Linear, Steps
from recommender.scoring.calibration import Calibration
from recommender.scoring.drift import Reference
from recommender.scoring.features import formulas
from recommender.scoring.history import clean_responses
from recommender.scoring.quality import auc, auc_difference, best_single, brier, calibration_error
from recommender.scoring.relevance import relevance

CUT = 200 * DAY


def shop(*rows: tuple[str, float, float]) -> pl.DataFrame:
    """Baskets from (user, days before the cut, amount)."""
    return pl.DataFrame(
        [(user, CUT - ago * DAY, amount, 0.0, 1) for user, ago, amount in rows],
        schema=["user_id", "timestamp", "amount", "discount", "items"],
        orient="row",
    )


def test_features_of_a_small_history_are_the_hand_worked_ones():
    row = features(Past(shop(("a", 50, 30.0), ("a", 30, 10.0), ("a", 10, 20.0))), CUT).row(0, named=True)
    assert row["recency_days"] == 10
    assert row["tenure_days"] == 50
    assert (row["orders_28d"], row["orders_84d"], row["amount_28d"], row["amount_84d"]) == (1, 3, 20, 60)
    assert (row["gap_days"], row["gap_spread"], row["longest_gap"]) == (20, 0, 20)
    assert row["silence"] == pytest.approx(10 / 21)
    assert row["trend"] == pytest.approx(3 / 4)
    assert row["orders_per_week"] == pytest.approx(3 / (50 / 7))


def test_features_never_see_the_cut_or_later():
    early = shop(("a", 50, 30.0), ("a", 10, 20.0))
    late = shop(("a", 0, 999.0), ("a", -5, 999.0), ("b", -1, 5.0))
    sent = clean_responses(
        pl.DataFrame({"user_id": ["a", "a"], "timestamp": [CUT - DAY, CUT], "event": ["offer", "redemption"]})
    )
    before = features(Past(early, sent.filter(pl.col("event") == "offer")), CUT)
    assert features(Past(pl.concat([early, late]), sent), CUT).equals(before)


def test_every_feature_has_a_formula(past):
    assert set(features(past, CUT).columns) - {"user_id"} <= set(formulas())


def test_labels_and_who_they_are_about():
    past = Past(
        shop(("a", 10, 1.0), ("b", 10, 1.0), ("b", 0, 1.0), ("a", -28, 1.0)),
        clean_responses(
            pl.DataFrame(
                {
                    "user_id": ["b", "b"],
                    "timestamp": [CUT - 9 * DAY, CUT + 27 * DAY],
                    "event": ["offer", "redemption"],
                }
            )
        ),
    )
    frame = features(past, CUT)
    assert CHURN.labels(past, frame["user_id"], CUT).tolist() == [True, False]
    assert PURCHASE.labels(past, frame["user_id"], CUT).tolist() == [False, True]
    assert COUPON.population(frame)["user_id"].to_list() == ["b"]
    assert COUPON.labels(past, pl.Series(["a", "b"]), CUT).tolist() == [False, True]


def test_unknown_events_are_refused_with_the_known_ones():
    rows = pl.DataFrame({"user_id": ["a"], "timestamp": [1.0], "event": ["sneeze"]})
    with pytest.raises(DataError, match="sneeze is unknown; use offer, redemption"):
        clean_responses(rows)


def test_auc_counts_ties_half_and_agrees_with_another_implementation():
    came = np.array([True, False, True, False, True])
    scores = np.array([0.9, 0.9, 0.4, 0.1, 0.1])
    assert auc(came, scores) == pytest.approx(roc_auc_score(came, scores))
    assert auc(came, np.ones(5)) == 0.5
    assert auc(came, came.astype(float)) == 1.0


def test_paired_interval_of_equal_scores_is_zero_and_of_better_ones_above_it():
    random = np.random.default_rng(0)
    came = random.random(600) < 0.4
    good, bad = came + random.normal(0, 0.7, 600), random.normal(0, 1, 600)
    same = auc_difference(came, good, good * 3 + 1)
    assert (same.mean, same.low, same.high) == (0, 0, 0)
    better = auc_difference(came, good, bad)
    assert 0 < better.low < better.mean < better.high


def test_brier_and_calibration_error_by_hand():
    came = np.array([True, False, False, True])
    said = np.array([0.75, 0.25, 0.25, 0.75])
    assert brier(came, said) == pytest.approx(0.0625)
    assert calibration_error(came, said, bins=2) == pytest.approx(0.25)


def test_best_single_finds_the_feature_its_direction_and_the_end_for_missing_values():
    came = np.array([True, True, False, False, True])
    values = np.array([[1, 5.0], [2, 1.0], [3, 2.0], [4, 7.0], [np.nan, 3.0]])
    place, found, scores = best_single(came, values)
    assert (place, found) == (0, 1.0)
    assert scores[4] == np.inf


def clouds(rows: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(4)
    values = np.column_stack([random.normal(size=rows), random.gamma(1, 5, rows), random.normal(size=rows)])
    values[random.random(values.shape) < 0.05] = np.nan
    odds = 1.5 * np.nan_to_num(values[:, 0]) + (np.nan_to_num(values[:, 1]) > 8) * 2 - 1
    return values, random.random(rows) < 1 / (1 + np.exp(-odds))


def test_steps_read_off_the_trees_are_exactly_the_boosted_model(monkeypatch):
    kept: list[tuple[HistGradientBoostingClassifier, np.ndarray]] = []
    fit = HistGradientBoostingClassifier.fit

    def spy(self, places, came):
        kept.append((self, places))
        return fit(self, places, came)

    monkeypatch.setattr(HistGradientBoostingClassifier, "fit", spy)
    values, came = clouds()
    model = Steps.fit(values, came)
    trees, places = kept[0]
    ours = model.intercept + model.contributions(values).sum(axis=1)
    assert ours == pytest.approx(trees.decision_function(places), abs=1e-9)
    assert model.contributions(values).mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)


def test_linear_terms_add_up_to_scikit_learns_log_odds(monkeypatch):
    kept: list[tuple[LogisticRegression, np.ndarray]] = []
    fit = LogisticRegression.fit

    def spy(self, inputs, came):
        kept.append((self, inputs))
        return fit(self, inputs, came)

    monkeypatch.setattr(LogisticRegression, "fit", spy)
    values, came = clouds()
    model = Linear.fit(values, came)
    whole, inputs = kept[0]
    ours = model.intercept + model.contributions(values).sum(axis=1)
    assert ours == pytest.approx(whole.decision_function(inputs), abs=1e-9)


@pytest.mark.parametrize("rows", [800, 12_000])
def test_calibration_mends_odds_that_are_twice_too_sure(rows):
    random = np.random.default_rng(rows)
    margin = random.normal(0, 1.5, 2 * rows)
    came = random.random(2 * rows) < 1 / (1 + np.exp(-margin))
    curve = Calibration.fit(2 * margin[:rows], came[:rows], np.arange(rows, dtype=np.int32))
    assert curve.method == ("isotonic" if rows == 12_000 else "platt")
    said, low, high = curve.probability(2 * margin[rows:])
    assert calibration_error(came[rows:], 1 / (1 + np.exp(-2 * margin[rows:]))) > 0.06
    assert calibration_error(came[rows:], said) < 0.05
    truth = 1 / (1 + np.exp(-margin[rows:]))
    assert ((low <= truth) & (truth <= high)).mean() > 0.5
    assert (low <= said).all() and (said <= high).all()


def test_a_score_that_ranks_the_wrong_way_is_flattened_not_turned_over():
    random = np.random.default_rng(1)
    margin = random.normal(size=500)
    came = random.random(500) < 1 / (1 + np.exp(2 * margin))
    said, _, _ = Calibration.fit(margin, came, np.arange(500, dtype=np.int32)).probability(margin)
    assert np.ptp(said) < 1e-9
    assert said[0] == pytest.approx(came.mean(), abs=0.01)


def test_relevance_keeps_what_matters_and_leaves_out_noise():
    values, came = clouds()
    rows = {row.feature: row for row in relevance(("shift", "jump", "noise"), values, came)}
    assert rows["shift"].kept and rows["jump"].kept and not rows["noise"].kept
    assert rows["shift"].information > rows["jump"].information > rows["noise"].information


def test_relevance_of_a_two_by_two_table_is_the_textbook_value():
    values = np.r_[np.zeros(40), np.ones(60)][:, None]
    came = np.r_[np.ones(30), np.zeros(10), np.ones(20), np.zeros(40)].astype(bool)
    row = relevance(("only",), values, came)[0]
    # 100 (30 x 40 - 10 x 20)^2 / (40 x 60 x 50 x 50)
    assert row.chi2 == pytest.approx(100 * 1000**2 / (40 * 60 * 50 * 50))


def test_drift_is_nothing_for_the_same_people_and_large_for_others():
    values, _ = clouds()
    reference = Reference.of(values)
    assert max(row.psi for row in reference.drift(("a", "b", "c"), values)) == 0
    moved = values.copy()
    moved[:, 1] += 6
    rows = reference.drift(("a", "b", "c"), moved)
    assert (rows[0].feature, rows[0].level, rows[1].level) == ("b", "drifted", "stable")
    assert replace(rows[0], psi=0.2).level == "watch"
