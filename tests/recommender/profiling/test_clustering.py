from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from recommender import ArtifactError, DataError
from recommender.profiling import ClusterResult, cluster
from recommender.profiling.matching import assign_ids, by_members
from recommender.profiling.naming import Trait, name_groups

CENTRES = {"visits": (0, 0, 10, 10, 5), "discount_share": (0, 10, 0, 10, 5), "amount": (1, 1, 1, 1, 9)}
FEATURES = list(CENTRES)
#: Numbers of groups to try where how to choose among them is not the question.
FEW = (4, 5)


def people(size=60, seed=0, first=0):
    random = np.random.default_rng(seed)
    group = np.repeat(np.arange(5), size)
    columns = {name: np.array(at)[group] + random.normal(0, 0.4, 5 * size) for name, at in CENTRES.items()}
    ids = [f"u{first + n:04d}" for n in range(5 * size)]
    return pl.DataFrame({"user_id": ids, **columns}), group


@pytest.fixture(scope="module")
def found():
    return cluster(people()[0], FEATURES)


def test_planted_groups_are_found(found):
    assert found.k == 5
    assert found.sizes == (60, 60, 60, 60, 60)
    assert found.stability == pytest.approx(1)
    assert found.silhouette > 0.8
    _, group = people()
    assert len({(int(a), int(b)) for a, b in zip(found.labels, group, strict=True)}) == 5
    assert not found.params["degraded"]


def test_personas_say_what_sets_them_apart(found):
    rich = next(p for p in found.personas if p.traits[0].feature == "amount" and p.traits[0].deviation > 0)
    assert (rich.traits[0].level, rich.name) == ("very_high", "Very high spend")
    assert rich.share == pytest.approx(0.2)
    assert len({persona.name for persona in found.personas}) == 5
    assert [persona.id for persona in found.personas] == ["p1", "p2", "p3", "p4", "p5"]


def test_the_map_has_two_axes_and_their_share(found):
    assert found.map_xy.shape == (300, 2)
    assert 0 < found.explained[1] <= found.explained[0] < 1


def test_the_order_of_rows_and_of_runs_changes_nothing(found):
    again = cluster(people()[0].sample(fraction=1, shuffle=True, seed=2), FEATURES, FEW)
    assert again.users == found.users
    assert np.array_equal(again.labels, found.labels)


def test_ids_survive_a_refit_of_the_same_customers(found):
    frame, _ = people()
    smaller = cluster(frame.filter(pl.col("user_id") < "u0280"), FEATURES, FEW, previous=found)
    before = dict(zip(found.users, (found.personas[label].id for label in found.labels), strict=True))
    after = dict(zip(smaller.users, (smaller.personas[label].id for label in smaller.labels), strict=True))
    assert all(before[user] == after[user] for user in after)
    assert smaller.moved == 0


def test_ids_survive_for_other_customers_by_where_the_groups_lie(found):
    others, group = people(seed=9, first=5000)
    refit = cluster(others, FEATURES, FEW, previous=found)
    for planted in range(5):
        place = int(np.flatnonzero(group == planted)[0])
        assert refit.personas[refit.labels[place]].id == found.personas[found.labels[place]].id
    assert refit.moved is None


def test_an_id_is_never_given_twice():
    assert assign_ids(3, {0: 1}, ["p1", "p4"], 5) == (["p4", "p5", "p6"], 7)


def test_groups_with_few_common_members_are_different_ones():
    new, old = np.array([0] * 10 + [1] * 10), np.array([0] * 10 + [1, 2] * 5)
    assert by_members(new, 2, old, 3)[0] == 0
    assert by_members(np.array([0, 1]), 2, np.array([0, 0]), 1) in ({0: 0}, {1: 0})


def test_new_customers_are_assigned_without_a_refit(found):
    others, group = people(seed=3, first=9000)
    assigned = found.assign(others)
    assert len({(int(a), int(b)) for a, b in zip(assigned, group, strict=True)}) == 5


def test_it_is_stored_and_read_back(found, tmp_path):
    digest = found.save(tmp_path / "c")
    again = ClusterResult.load(tmp_path / "c", digest)
    assert again.to_dict() == found.to_dict()
    assert again.personas == found.personas
    assert again.users == found.users
    assert np.array_equal(again.labels, found.labels)
    (tmp_path / "c" / "model.json").write_text("{}")
    with pytest.raises(ArtifactError, match="damaged or was changed"):
        ClusterResult.load(tmp_path / "c", digest)


def test_an_outlier_makes_no_group_of_its_own():
    frame, _ = people()
    odd = pl.DataFrame({"user_id": ["odd"], "visits": [1e6], "discount_share": [5.0], "amount": [1e9]})
    assert cluster(pl.concat([frame, odd]), FEATURES, (4, 5, 6)).k == 5


def test_fewer_kinds_than_asked_for_is_said_honestly():
    frame = pl.DataFrame({"user_id": [f"u{n:03d}" for n in range(100)], "visits": [1.0] * 50 + [9.0] * 50})
    result = cluster(frame, ["visits"])
    assert (result.k, result.sizes, result.params["degraded"]) == (2, (50, 50), True)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (people(9)[0], "at least 50 customers; there are 45"),
        (people()[0].with_columns(pl.lit(1.0).alias(name) for name in FEATURES), "nothing distinguishes"),
        (people()[0].drop("amount"), "features missing: amount"),
        (people()[0].drop("user_id"), "column user_id is missing"),
        (people()[0].with_columns(user_id=pl.lit("x")), "one row per customer"),
        (people()[0].with_columns(amount=pl.lit("x")), "not a number"),
    ],
)
def test_impossible_input_is_refused(frame, message):
    with pytest.raises(DataError, match=message):
        cluster(frame, FEATURES)


def test_missing_values_count_as_the_middle():
    frame, _ = people()
    holes = frame.with_columns(
        amount=pl.when(pl.col("user_id") < "u0005").then(None).otherwise(pl.col("amount"))
    )
    assert cluster(holes, FEATURES, (4, 5, 6)).k == 5


def test_names_stay_distinct():
    low, high = Trait("visits", "low", -1.0), Trait("amount", "high", 0.5)
    names = [name for name, _ in name_groups([(low,), (low, high), (), (low,)])]
    assert names == ["Low visits", "Low visits, high spend", "Like most customers", "Low visits (2)"]


def test_results_are_values(found):
    with pytest.raises(AttributeError):
        found.k = 3
    assert replace(found, moved=0.5).moved == 0.5
