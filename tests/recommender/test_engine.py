import numpy as np
import polars as pl
import pytest

from recommender import Dataset
from recommender.engine import EngineError, Local, engine, register
from recommender.profiling import cluster, customer_features, rfm
from recommender.reading import clean_interactions
from tests.recommender.shops import rows, two_tastes


def test_local_does_what_the_library_does():
    interactions, items = two_tastes()
    cleaned = clean_interactions(interactions.with_columns(amount=pl.lit(2.0)))
    here = engine("local")
    assert here.profile(cleaned).equals(rfm(customer_features(cleaned)))
    dataset = Dataset.from_frame(interactions, items)
    fitted = here.fit("als", dataset, seed=3, factors=4)
    assert (fitted.seed, fitted.factors) == (3, 4)
    assert fitted.recommend(["alice"], 1, "discover").for_user(0)[0][0] == "t5"


def test_local_profiles_without_amounts_and_clusters():
    entries = [(f"u{n:02d}", "x", day) for n in range(60) for day in range(1 + 9 * (n % 2))]
    frame = engine().profile(clean_interactions(rows(*entries)))
    assert "rfm" not in frame.columns
    ours = engine().cluster(frame, ["baskets"], [2], 0)
    assert np.array_equal(ours.labels, cluster(frame, ["baskets"], [2], 0).labels)


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(EngineError, match="no engine 'spark' here; choose one of: local"):
        engine("spark")


def test_another_engine_finds_its_place(monkeypatch):
    monkeypatch.setattr("recommender.engine._MAKERS", {"local": Local})
    register("elsewhere", Local)
    assert isinstance(engine("elsewhere"), Local)
    with pytest.raises(EngineError, match="registered already"):
        register("elsewhere", Local)
