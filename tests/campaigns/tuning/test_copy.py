"""Words learned from decided tests reach the next one: its page, and a bandit's shares."""

from datetime import UTC, datetime

import pytest

from campaigns.experiments.models import Experiment, Snapshot
from campaigns.experiments.services import create_experiment
from campaigns.learning.copy_features import PRIOR_PEOPLE
from campaigns.tuning.copy import bandit_shares, beliefs_now, guesses_for, learn_copy

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)


def words(key, subjects, counted=None, state="decided", **levers):
    test = create_experiment(
        key=key, name=key, salt=key, window_days=7, holdout_share=0, now=NOW,
        variants=[
            {"key": f"v{n}", "name": subject, "is_control": n == 0, "levers": {"subject": subject, **levers}}
            for n, subject in enumerate(subjects)
        ],
    )  # fmt: skip
    if counted:
        met = {f"v{n}": {"n": people, "x": did} for n, (people, did) in enumerate(counted)}
        Snapshot.objects.create(
            experiment=test, look=1, as_of=NOW, results={}, code_version="1", created_at=NOW,
            statistics={"design": {"metrics": [{"role": "primary"}]}, "tallies": [{"met": met}]},
        )  # fmt: skip
    Experiment.objects.filter(pk=test.pk).update(state=state)
    return test


def test_decided_tests_of_words_teach_once_and_others_nothing():
    for n in range(3):
        words(f"t{n}", ["Ends today", "Spring is here"], [(4000, 400), (4000, 300)])
    words("open", ["Ends today", "Spring is here"], [(4000, 10), (4000, 900)], state="running")
    words("pools", ["Ends today"], [(10, 1)])
    assert learn_copy(now=NOW) == []
    known = beliefs_now()
    assert known.campaigns == 3
    learn_copy(now=NOW)
    assert beliefs_now().campaigns == 3
    draft = words("next", ["Only today", "Summer is here"], state="draft")
    campaigns, found = guesses_for(list(draft.variants.order_by("id")))
    assert campaigns == 3
    assert found["v0"].lift > 0.04 > -0.02 > found["v1"].lift
    assert found["v0"].low < found["v0"].lift < found["v0"].high


def test_a_bandit_begins_with_it_and_its_own_waves_soon_outweigh_it():
    draft = words("next", ["Only today", "Summer is here"], state="running")
    one = {"wave": 1, "age": 9, "visible": 1.0, "arms": {"v0": (20, 200), "v1": (20, 200)}}
    assert bandit_shares(draft, [one]) is None  # nothing is known yet
    for n in range(6):
        words(f"t{n}", ["Ends today", "Spring is here"], [(4000, 400), (4000, 300)])
    learn_copy(now=NOW)
    even = bandit_shares(draft, [one])
    assert even.weights["v0"] > 0.5
    assert even.evidence["words"]["v0"][0] == PRIOR_PEOPLE
    other = {"wave": 2, "age": 9, "visible": 1.0, "arms": {"v0": (100, 2000), "v1": (200, 2000)}}
    assert bandit_shares(draft, [one, other]).weights["v1"] > 0.98
    pools = words("pools", ["A", "B"], state="running")
    pools.variants.update(levers={"strategy": "hybrid"})
    assert bandit_shares(pools, [one]) is None
