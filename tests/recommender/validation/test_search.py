import inspect
import json

import numpy as np
import pytest

from recommender import DataError, Dataset
from recommender.models import MODELS, create_seeded
from recommender.validation import search as searching
from recommender.validation.search import search
from recommender.validation.spaces import SPACES, defaults, nested
from tests.recommender.shops import rows, two_tastes


@pytest.fixture(scope="module")
def dataset():
    """Taste changes half-way, so that a short memory is right and the own 120 days are too long."""
    random = np.random.default_rng(1)
    entries = []
    for user in range(40):
        old, new = random.choice(30, 3, replace=False), random.choice(30, 3, replace=False)
        entries += [(f"u{user:02d}", f"i{item}", day) for item in old for day in range(0, 130, 3)]
        entries += [(f"u{user:02d}", f"i{item}", day) for item in new for day in range(130, 200, 9)]
    return Dataset.from_frame(rows(*entries))


def find(dataset, **options):
    return search(dataset, "own-frequency", **{"trials": 8, "windows": 2, "days": 14, **options})


def test_it_finds_what_fits_the_shop(dataset):
    found = find(dataset)
    assert found.params["time_constant"] < 120
    assert found.ndcg10 > found.default_ndcg10
    assert found.interval[0] <= found.difference <= found.interval[1]
    assert len(found.trials) == 8


def test_the_own_parameters_come_first(dataset):
    assert find(dataset, trials=1).trials == [
        ({"time_constant": 120.0}, pytest.approx(find(dataset).default_ndcg10))
    ]


def test_the_seed_decides(dataset):
    assert find(dataset, seed=4).trials == find(dataset, seed=4).trials
    assert find(dataset, seed=4).trials != find(dataset, seed=5).trials


def test_broken_off_and_continued_it_ends_where_an_unbroken_one_does(dataset, tmp_path):
    whole = find(dataset, trials=14)
    find(dataset, trials=5, storage=tmp_path / "journal")
    rest = find(dataset, trials=14, storage=tmp_path / "journal")
    assert rest.trials == whole.trials
    assert rest.params == whole.params


def test_a_run_killed_within_a_trial_can_go_on(dataset, tmp_path, monkeypatch):
    whole = find(dataset, trials=4)
    counted = {"fits": 0}

    def dying(name, seed, **params):
        counted["fits"] += 1
        if counted["fits"] in (1, 5):
            raise KeyboardInterrupt
        return create_seeded(name, seed, **params)

    for _ in range(2):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(searching, "create_seeded", dying)
            counted["fits"] = 0 if _ == 0 else 2
            find(dataset, trials=4, storage=tmp_path / "journal")
    assert find(dataset, trials=4, storage=tmp_path / "journal").trials == whole.trials


def test_a_storage_of_another_search_is_refused(dataset, tmp_path):
    find(dataset, trials=1, storage=tmp_path / "journal")
    with pytest.raises(DataError, match=r"belongs to another search .*differs in: days, seed"):
        find(dataset, trials=1, storage=tmp_path / "journal", days=10, seed=1)
    with pytest.raises(DataError, match="differs in: model, windows"):
        search(dataset, "content", "replenish", days=14, windows=1, storage=tmp_path / "journal")
    (tmp_path / "other").write_text("user_id,item_id\n")
    with pytest.raises(DataError, match="holds something other than a search"):
        find(dataset, trials=1, storage=tmp_path / "other")
    other = Dataset.from_frame(two_tastes()[0])
    with pytest.raises(DataError, match="differs in: data"):
        find(other, trials=1, storage=tmp_path / "journal")


def test_when_the_time_is_over_nothing_new_begins(dataset):
    now = iter(range(1000))
    found = find(dataset, trials=50, seconds=4, clock=lambda: next(now))
    assert 1 <= len(found.trials) <= 4
    assert found.trials[0][0] == {"time_constant": 120.0}
    assert len(find(dataset, trials=50, seconds=0, clock=lambda: 0.0).trials) == 1


def test_it_sees_nothing_from_its_end_on(dataset):
    edge = float(np.quantile(dataset.times, 0.7))
    early = dataset.before(edge)
    later = Dataset(
        users=dataset.users, items=dataset.items,
        user_codes=dataset.user_codes, item_codes=dataset.item_codes[::-1].copy(),
        weights=dataset.weights, times=np.where(dataset.times < edge, dataset.times, dataset.times + 1),
        as_of=dataset.as_of,
    )  # fmt: skip
    keep = dataset.times < edge
    later.item_codes[keep] = dataset.item_codes[keep]
    assert find(early, trials=3).trials == find(later.before(edge), trials=3).trials


def test_without_timestamps_it_searches_on_holdouts():
    data = Dataset.from_frame(two_tastes()[0].drop("timestamp"))
    found = search(data, "item-knn", "discover", trials=2, windows=2)
    assert found.windows == 2


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("popularity", {}, "popularity: there is nothing to search; choose one of: "),
        ("als", {"trials": 0}, "trials must be at least 1"),
    ],
)
def test_impossible_searches_are_refused(dataset, model, options, message):
    with pytest.raises(DataError, match=message):
        search(dataset, model, **options)


def test_a_shop_without_a_window_is_refused():
    with pytest.raises(DataError, match="nothing can be searched"):
        search(Dataset.from_frame(rows(("alice", "tea", 1))), "als")


@pytest.mark.parametrize("model", SPACES)
def test_the_own_parameters_lie_within_the_space(model):
    own = {name for name in SPACES[model] if "." not in name}
    assert own <= set(inspect.signature(MODELS[model]).parameters)
    assert set(defaults(SPACES[model], searching._given(model, 0))) == set(SPACES[model])


def test_what_is_written_can_be_read(dataset, tmp_path):
    found = find(dataset, trials=2)
    found.write(tmp_path / "found.json")
    stored = json.loads((tmp_path / "found.json").read_text())
    assert (stored["model"], stored["params"]) == ("own-frequency", found.params)


def test_parts_of_a_composed_model_are_searched_as_its_settings(dataset, monkeypatch):
    space = {"own-frequency.time_constant": SPACES["hybrid"]["own-frequency.time_constant"]}
    monkeypatch.setitem(SPACES, "hybrid", space)
    found = search(dataset, "hybrid", trials=2, windows=1, days=14)
    assert found.trials[0][0] == {"settings": {"own-frequency": {"time_constant": 120.0}}}
    assert found.trials[1][0] != found.trials[0][0]
    # What was found makes a model as it is.
    assert create_seeded("hybrid", 0, **found.params).settings == found.params["settings"]


def test_numbers_of_parts_and_of_the_whole_are_told_apart():
    params = {"leaves": 7, "als.factors": 32, "als.regularization": 1.0}
    assert nested(params) == {"leaves": 7, "settings": {"als": {"factors": 32, "regularization": 1.0}}}
    assert nested({"leaves": 7}) == {"leaves": 7}
