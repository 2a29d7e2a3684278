import numpy as np
import pytest

from recommender import ArtifactError, DataError, Dataset, create
from recommender.ranking import boosting
from recommender.ranking.boosting import Trees, sample, train
from tests.recommender.shops import rows


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(1)
    features = random.random((3000, 4)).astype(np.float32)
    return features, random.random(3000) < features[:, 2]


@pytest.fixture(scope="module")
def text(data):
    return learned(data, seed=0)


def learned(data, seed):
    """Return trees from lists of thirty rows."""
    lists = np.arange(len(data[1])) // 30
    return train(*data, lists, rounds=20, leaves=7, rate=0.1, seed=seed)


def test_it_finds_the_figure_that_matters(data, text):
    scores = Trees(text).scores(data[0])
    assert (scores > 0).all()
    assert np.corrcoef(scores, data[0][:, 2])[0, 1] > 0.9


def test_the_same_seed_gives_the_same_trees(data, text):
    assert learned(data, 0) == text
    assert learned(data, 1) != text


def test_parts_add_up_to_scores(data, text):
    trees = Trees(text)
    assert np.allclose(trees.parts(data[0][:9]).sum(axis=1), trees.scores(data[0][:9]), atol=1e-4)


def test_no_rows_no_scores(text):
    assert Trees(text).scores(np.zeros((0, 4), dtype=np.float32)).shape == (0,)


def test_a_damaged_text_is_refused():
    with pytest.raises(ArtifactError, match="cannot be read"):
        Trees(["tree\nnonsense"])


def test_sampling_keeps_what_is_true_and_a_seeded_share_of_the_rest():
    found = np.arange(100) < 10
    kept = sample(found, 3, 1000, seed=0)
    assert found[kept].sum() == 10
    assert len(kept) == 40
    assert (kept == sample(found, 3, 1000, seed=0)).all()
    assert (np.diff(kept) > 0).all()
    assert len(sample(found, 3, 20, seed=0)) == 20


def test_without_the_openmp_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(boosting, "lgb", None)
    assert not boosting.available()
    with pytest.raises(DataError, match="libgomp1"):
        create("two-stage").fit(Dataset.from_frame(rows(("u", "i", 1))))
