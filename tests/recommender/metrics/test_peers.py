"""Our figures against RecTools': benchmarks/peers/rectools_metrics.py wrote rectools.json."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from recommender import metrics

PEER = json.loads(Path(__file__).with_name("rectools.json").read_text())
GIVEN, FIGURES = PEER["given"], PEER["figures"]
LISTS = np.array(GIVEN["lists"], dtype=np.int32)


def matrix(rows):
    users = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    items = np.concatenate(rows)
    return sp.csr_matrix((np.ones(len(items)), (users, items)), shape=(len(rows), GIVEN["items"]))


TRUTH, HISTORY = matrix(GIVEN["truth"]), matrix(GIVEN["history"])
SIZES, PLACES = np.diff(TRUTH.indptr), LISTS.shape[1]


def test_the_input_has_long_and_short_truths():
    assert SIZES.max() > PLACES > SIZES.min()


@pytest.mark.parametrize("name", ["precision", "recall", "f1", "reciprocal_rank", "hit_rate", "ndcg"])
def test_ranking_metrics_agree_for_each_user(name):
    assert getattr(metrics, name)(LISTS, TRUTH).tolist() == pytest.approx(FIGURES[name], abs=1e-12)


def test_average_precision_agrees_but_for_its_stated_divisor():
    ours = metrics.average_precision(LISTS, TRUTH) * np.minimum(SIZES, PLACES) / SIZES
    assert ours.tolist() == pytest.approx(FIGURES["average_precision"], abs=1e-12)


def test_novelty_agrees_for_each_user():
    buyers = np.bincount(HISTORY.indices, minlength=GIVEN["items"])
    ours = metrics.novelty(LISTS, buyers, HISTORY.shape[0])
    # Among them are items that nobody had: they count as one user's on both sides.
    assert (buyers[LISTS] == 0).any()
    assert ours.tolist() == pytest.approx(FIGURES["novelty"], abs=1e-12)


def test_diversity_agrees_for_each_user():
    kinds = np.array(GIVEN["kinds"])
    one_hot = sp.csr_matrix(np.eye(kinds.max() + 1)[kinds])
    ours = metrics.intra_list_diversity(LISTS, one_hot)
    assert ours.tolist() == pytest.approx(FIGURES["intra_list_diversity"], abs=1e-12)


def test_coverage_agrees():
    assert metrics.coverage(LISTS, GIVEN["items"]) == pytest.approx(FIGURES["coverage"])
