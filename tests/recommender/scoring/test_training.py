"""Scores trained on a shop whose truth is known: better than one feature, honest, explained, time-safe."""

import numpy as np
import polars as pl
import pytest

from recommender.dataset import DAY
from recommender.errors import ArtifactError
from recommender.scoring import CHURN, COUPON, Past, ScoreModel, Tables, Unknown, train, train_all
from recommender.scoring.quality import auc, calibration_error
from tests.recommender.scoring.conftest import DAYS, make_past


@pytest.fixture(scope="session")
def trained(tables) -> dict[str, ScoreModel | Unknown]:
    return train_all(tables)


def test_churn_foretells_the_window_that_follows(trained, tables, past):
    model = trained["churn"]
    assert isinstance(model, ScoreModel)
    scored = model.score(tables.at(0.0))
    came = CHURN.labels(past, scored["user_id"], DAYS * DAY)
    said = scored["score"].to_numpy()
    assert auc(came, said) > 0.8
    assert calibration_error(came, said) < 0.08
    assert ((scored["low"] <= scored["score"]) & (scored["score"] <= scored["high"])).all()


def test_card_says_how_it_was_found(trained):
    card = trained["churn"].card
    assert set(card["compared"]) == {"logistic", "boosting", "blend"}
    for quality in card["compared"].values():
        assert quality["auc"]["low"] < quality["auc"]["mean"] < quality["auc"]["high"]
    beaten = {name: lead["low"] > 0 for name, lead in card["less_blend"].items()}
    assert (card["model"] == "blend") == (not any(beaten.values()))
    assert sum(card["won"].values()) == pytest.approx(1)
    assert sum(point["customers"] for point in card["reliability"]) > 200
    assert card["importance"][0]["auc_lost"] > 0.01
    assert card["single"]["auc"] > 0.5
    assert card["base_rates"][0] == {"age": 28.0, "rate": card["base_rate"]}
    assert [row["age"] for row in card["base_rates"]] == [
        28.0 + 14 * n for n in range(len(card["base_rates"]))
    ]
    assert {row["feature"] for row in card["relevance"] if row["kept"]} == set(card["formulas"])


def test_purchase_is_churns_opposite_with_the_reasons_turned(trained, tables):
    churn, purchase = (trained[kind].score(tables.at(0.0)) for kind in ("churn", "purchase"))
    assert (churn["score"] + purchase["score"]).to_numpy() == pytest.approx(np.ones(churn.height))
    assert (churn["low"] + purchase["high"]).to_numpy() == pytest.approx(np.ones(churn.height))
    one, other = churn["reasons"][0], purchase["reasons"][0]
    assert [row["adds"] for row in one] == [-row["adds"] for row in other]


def test_reasons_are_the_largest_terms_and_terms_make_the_score(trained, tables):
    model, frame = trained["churn"], tables.at(0.0)
    terms = model.contributions(frame)
    said, _, _ = model.calibration.probability(model.model.intercept + terms.sum(axis=1))
    scored = model.score(frame)
    assert scored["score"].to_numpy() == pytest.approx(said)
    largest = int(np.abs(terms[5]).argmax())
    reason = scored["reasons"][5][0]
    assert reason["feature"] == model.names[largest]
    assert reason["adds"] == pytest.approx(terms[5, largest], abs=1e-4)
    assert reason["value"] == pytest.approx(frame[model.names[largest]][5], abs=1e-4)


def test_redemption_is_said_only_of_who_had_offers(trained, tables):
    scored = trained["redemption"].score(tables.at(0.0))
    assert scored.height > 0
    assert all(int(user[1:]) % 2 for user in scored["user_id"])


def test_clicks_without_messages_are_unknown_and_say_what_is_missing(trained):
    assert trained["click"] == Unknown("click", "outcomes of the rarer kind", 0, 100)
    assert "100 more are needed" in str(trained["click"])


def test_below_the_floor_and_short_histories_are_unknown():
    few = train(Tables(make_past(8, responses=False), DAYS * DAY), CHURN)
    assert isinstance(few, Unknown)
    assert few.what == "outcomes of the rarer kind" and few.found < 100
    past = make_past(responses=False)
    young = Past(past.baskets.filter(pl.col("timestamp") >= (DAYS - 145) * DAY))
    short = train(Tables(young, DAYS * DAY), CHURN)
    assert isinstance(short, Unknown)
    assert (short.what, short.needed) == ("days of history", 154)


def test_training_never_looks_past_its_moment(past, trained, tables):
    cut = DAYS * DAY
    cleared = Past(
        past.baskets.filter(pl.col("timestamp") < cut), past.responses.filter(pl.col("timestamp") < cut)
    )
    again = train(Tables(cleared, cut), COUPON)
    assert again.card == trained["redemption"].card
    assert again.score(tables.at(0.0)).equals(trained["redemption"].score(tables.at(0.0)))


def test_stored_scores_say_the_same_and_damage_is_noticed(trained, tables, tmp_path):
    for kind in ("churn", "purchase", "redemption"):
        model = trained[kind]
        digest = model.save(tmp_path / kind)
        again = ScoreModel.load(tmp_path / kind, digest)
        assert again.score(tables.at(0.0)).equals(model.score(tables.at(0.0)))
        assert again.drift(tables.at(0.0)) == model.drift(tables.at(0.0))
        assert dict(again.card) == dict(model.card)
    with pytest.raises(ArtifactError):
        ScoreModel.load(tmp_path / "churn", "0" * 64)
    content = tmp_path / "churn" / "model.json"
    content.write_text(content.read_text().replace('"sign": 1.0', '"sign": -1.0'))
    with pytest.raises(ArtifactError, match="checksum"):
        ScoreModel.load(tmp_path / "churn")
