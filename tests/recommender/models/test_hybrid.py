from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recommender import DataError, Dataset, create
from recommender.columns import Objective
from recommender.models import hybrid
from recommender.models.hybrid import COMPONENTS, OWN
from recommender.ranking import bounded
from recommender.ranking.shares import OfAll, best_by_bounds
from tests.recommender.shops import rows, two_tastes


@pytest.fixture(scope="module")
def dataset():
    interactions, items = two_tastes(size=20)
    return Dataset.from_frame(interactions, items)


def test_weights_sum_to_one_and_own_history_has_no_part_in_discovering(dataset):
    model = create("hybrid").fit(dataset)
    for goal in ("replenish", "discover"):
        assert sum(model.weights_[goal].values()) == pytest.approx(1)
        assert set(model.weights_[goal]) == set(COMPONENTS)
    assert all(model.weights_["discover"][name] == 0 for name in OWN & set(COMPONENTS))


def test_an_infinite_prior_is_taken_as_it_is(dataset):
    prior = {"replenish": {"als": 3, "popularity": 1}, "discover": {"content": 2}}
    model = create("hybrid", prior_weights=prior, prior_strength=float("inf")).fit(dataset)
    assert model.weights_["replenish"]["als"] == 0.75
    assert model.weights_["replenish"]["popularity"] == 0.25
    assert model.weights_["discover"]["content"] == 1.0
    assert model.evidence_["discover"]["source"] == "prior"


def test_the_prior_counts_as_so_many_users(dataset):
    prior = {"replenish": {"content": 1.0}}
    model = create("hybrid", prior_weights=prior, prior_strength=100).fit(dataset)
    users = model.evidence_["replenish"]["users"]
    assert users == len(dataset.users)
    fitted, used = model.fitted_["replenish"], model.weights_["replenish"]
    for name in COMPONENTS:
        stated = 1.0 if name == "content" else 0.0
        assert used[name] == pytest.approx((users * fitted[name] + 100 * stated) / (users + 100))


def test_the_strength_counts_only_where_prior_weights_were_given(dataset):
    free = create("hybrid").fit(dataset)
    prior = {"discover": {"content": 1.0}}
    for strength in (1000.0, float("inf"), {"discover": 50.0, "replenish": 1000.0}):
        model = create("hybrid", prior_weights=prior, prior_strength=strength).fit(dataset)
        assert model.weights_["replenish"] == free.weights_["replenish"]
        assert model.evidence_["replenish"]["source"] == "fitted"


def test_each_objective_can_have_a_strength_of_its_own(dataset, tmp_path):
    prior = {"replenish": {"content": 1.0}, "discover": {"als": 1.0}}
    model = create("hybrid", prior_weights=prior, prior_strength={"discover": float("inf")}).fit(dataset)
    assert model.weights_["discover"]["als"] == 1.0
    assert model.weights_["replenish"] == model.fitted_["replenish"]
    with pytest.raises(DataError, match="prior_strength for replenish must be 0 or more"):
        create("hybrid", prior_weights=prior, prior_strength={"replenish": -1.0}).fit(dataset)


def test_too_small_a_window_leaves_the_prior():
    small = Dataset.from_frame(rows(*[(f"u{n}", f"i{n % 3}", n) for n in range(12)]))
    model = create("hybrid", prior_weights={"discover": {"als": 1}}, prior_strength=1).fit(small)
    assert model.weights_["discover"]["als"] == 1.0
    assert model.evidence_["discover"]["source"] == "prior"
    assert create("hybrid").fit(small).evidence_["discover"]["source"] == "equal shares"


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ({"discover": {"magic": 1}}, "magic is not a component"),
        ({"discover": {"als": -1}}, "must be 0 or more"),
        ({"discover": {"own-frequency": 1}}, "with one above 0"),
    ],
)
def test_a_wrong_prior_is_refused(dataset, prior, message):
    with pytest.raises(DataError, match=message):
        create("hybrid", prior_weights=prior).fit(dataset)


def test_an_unknown_component_is_refused(dataset):
    with pytest.raises(DataError, match="unknown component magic"):
        create("hybrid", components=("magic",)).fit(dataset)


def test_reasons_name_the_component_that_carried_the_place(dataset):
    prior = {"replenish": {"own-frequency": 1.0}, "discover": {"content": 1.0}}
    model = create("hybrid", prior_weights=prior, prior_strength=float("inf")).fit(dataset)
    lists = model.recommend(["alice"], 8, "replenish", reasons=True)
    reasons = [reason for _, _, reason in lists.for_user(0)]
    assert reasons == ["own-frequency"] * 5 + ["fallback"] * 3


def test_the_blend_is_the_weighted_sum_of_scores_by_their_best(dataset):
    prior = {"replenish": {"own-frequency": 0.5, "content": 0.5}}
    model = create("hybrid", prior_weights=prior, prior_strength=float("inf")).fit(dataset)
    row = dataset.users.codes(["bob"])
    own, content = (create(name).fit(dataset).score_block(row)[0] for name in ("own-frequency", "content"))
    expected = 0.5 * own / own.max() + 0.5 * content / content.max()
    assert np.allclose(model.score_block(row)[0], expected, atol=1e-6)


def test_a_new_history_is_scored_by_few_items_as_by_all(dataset):
    model = create("hybrid", components=[*COMPONENTS, "due"]).fit(dataset)
    items = [dataset.items[n] for n in (0, 3, 3, 7)]
    history = dataset.history(items, [1.0, 5.0, 40.0, 90.0])
    speaks_of_few = 0
    for part in model.parts_:
        scores = part.score_history(history)
        if (few := part.score_few(history)) is None:
            continue
        speaks_of_few += 1
        dense = np.zeros(len(dataset.items), dtype=np.float32)
        dense[few[0]] = few[1]
        assert np.array_equal(dense, scores)
        assert (np.diff(few[0]) > 0).all()
    assert speaks_of_few == 6
    weights = model.weights_["replenish"]
    expected = sum(
        part.score_history(history) * np.float32(weights[part.name] / part.score_history(history).max())
        for part in model.parts_
        if weights[part.name]
    )
    assert np.allclose(model.score_history(history), expected, rtol=1e-6)


@pytest.fixture(scope="module")
def crowd():
    """300 customers with tastes of their own among 900 items, and nothing known of the items."""
    random = np.random.default_rng(4)
    own = random.integers(0, 30, 300)
    users = np.repeat(np.arange(300), 12)
    places = np.where(
        random.random(3600) < 0.5,
        (random.pareto(1.0, 3600) * 10).astype(int) % 900,
        own[users] * 30 + random.integers(0, 30, 3600),
    )
    frame = pl.DataFrame(
        {
            "user_id": [f"u{n}" for n in users],
            "item_id": [f"i{n}" for n in places],
            "timestamp": [
                datetime(2026, 1, 1) + timedelta(days=int(n)) for n in random.integers(0, 300, 3600)
            ],
        }
    )
    return Dataset.from_frame(frame)


BLEND = {
    "own-frequency": 0.2, "own-recent": 0.1, "user-knn": 0.2, "item-knn": 0.2, "als": 0.2,
    "recent-popularity": 0.1,
}  # fmt: skip


@pytest.mark.parametrize("goal", ["replenish", "discover"])
@pytest.mark.parametrize(
    "limits", [{}, {"candidates": [f"i{n}" for n in range(0, 900, 2)]}, {"exclude": ["i0"]}]
)
@pytest.mark.parametrize("first", [3, 256])
def test_a_list_by_bounds_is_that_of_scoring_everything(crowd, monkeypatch, goal, limits, first):
    monkeypatch.setattr(bounded, "FIRST", first)
    blend = BLEND if goal == "replenish" else {name: BLEND[name] for name in BLEND if name not in OWN}
    model = create("hybrid", prior_weights={goal: blend}, prior_strength=float("inf")).fit(crowd)
    looked = []
    monkeypatch.setattr(
        hybrid, "best_by_bounds", lambda *args: looked.append(best_by_bounds(*args)) or looked[-1]
    )
    random = np.random.default_rng(first)
    for size in (1, 4, 15, 40):
        history = [f"i{n}" for n in random.integers(0, 900, size)]
        asked = (history, 20, goal)
        ages = list(random.random(size) * 200)
        found = model.recommend_history(*asked, days_ago=ages, **limits)
        with monkeypatch.context() as patch:
            patch.setattr(hybrid, "best_by_bounds", lambda *args: None)
            wanted = model.recommend_history(*asked, days_ago=ages, **limits)
        assert found.codes.tolist() == wanted.codes.tolist()
        assert np.allclose(found.scores, wanted.scores, rtol=1e-5)
        assert [r for _, _, r in found.for_user(0)] == [r for _, _, r in wanted.for_user(0)]
    assert None not in looked


def test_parts_that_must_be_asked_for_all_items_are(crowd, dataset):
    model = create("hybrid", prior_weights={"replenish": BLEND}, prior_strength=float("inf")).fit(crowd)
    shares = model._shares(crowd.history(["i1", "i2"]), Objective.REPLENISH)
    everything = np.zeros(len(crowd.items), dtype=bool)
    assert best_by_bounds(shares, 5, everything.copy()) is not None
    # Fewer than wanted have evidence: the fallback fills the rest, which knows no bound.
    few = ~everything
    few[:3] = False
    assert best_by_bounds(shares, 5, few) is None
    for more in ("content", "gf-cf"):
        model = create(
            "hybrid",
            components=[*COMPONENTS, "gf-cf"],
            prior_weights={"replenish": BLEND | {more: 0.5}},
            prior_strength=float("inf"),
        ).fit(dataset)
        shares = model._shares(dataset.history(["i1"]), Objective.REPLENISH)
        assert best_by_bounds(shares, 2, np.zeros(len(dataset.items), dtype=bool)) is None
        assert [share.name for share in shares if type(share) is OfAll] == [more]


def test_each_part_is_asked_once_for_a_list(dataset, monkeypatch):
    model = create(
        "hybrid", prior_weights={"replenish": BLEND | {"content": 0.5}}, prior_strength=float("inf")
    )
    model.fit(dataset)
    asked = []
    for part in model.parts_:
        for name in ("score_few", "score_history", "score_bounded"):
            ask = getattr(part, name)
            monkeypatch.setattr(
                part, name, lambda *args, ask=ask, key=(part.name, name): asked.append(key) or ask(*args)
            )
    model.recommend_history([dataset.items[0]], 3)
    assert len(asked) == len(set(asked))
    assert ("content", "score_history") in asked
    assert ("als", "score_bounded") in asked
    assert ("als", "score_history") not in asked


def test_fitting_again_forgets_what_was_everybodys(crowd):
    model = create("hybrid", prior_weights={"replenish": BLEND}, prior_strength=float("inf")).fit(crowd)
    first = model.recommend_history(["i1", "i40"], 10)
    half = Dataset(crowd.users, crowd.items, crowd.user_codes[:1800], crowd.item_codes[:1800],
                   np.ones(1800, dtype=np.float32))  # fmt: skip
    model.fit(half)
    model.recommend_history(["i1", "i40"], 10)
    model.fit(crowd)
    again = model.recommend_history(["i1", "i40"], 10)
    assert (again.codes.tolist(), again.scores.tolist()) == (first.codes.tolist(), first.scores.tolist())
