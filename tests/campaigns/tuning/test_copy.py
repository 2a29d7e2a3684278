"""Words learned from decided tests reach the next one: its page, and a bandit's shares."""

from datetime import UTC, datetime

import pytest

from campaigns.content.services import create_template
from campaigns.experiments.models import Experiment, Snapshot
from campaigns.experiments.services import create_experiment
from campaigns.learning.copy_features import PRIOR_PEOPLE
from campaigns.models import Campaign
from campaigns.tuning import copy
from campaigns.tuning.copy import bandit_shares, beliefs_now, expected_of, features_of, learn_copy
from recommendations.models import Posterior
from tests.campaigns.schedule.plain import make_campaign

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)


def words(key, subjects, counted=None, state="decided", **levers):
    """Make a test of subjects."""
    return made(key, [{"subject": subject, **levers} for subject in subjects], counted, state)


def made(key, levers, counted=None, state="decided"):
    """Make a test of arms with these levers; with what its last look counted of each: (people, did)."""
    test = create_experiment(
        key=key, name=key, salt=key, window_days=7, holdout_share=0, now=NOW,
        variants=[
            {"key": f"v{n}", "name": f"v{n}", "is_control": n == 0, "levers": own}
            for n, own in enumerate(levers)
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
    expected = expected_of(list(draft.variants.order_by("id")))
    assert expected.campaigns == 3
    found = expected.arms
    assert found["v0"].lift > 0.04 > -0.02 > found["v1"].lift
    assert found["v0"].low < found["v0"].lift < found["v0"].high
    # The lengths of “Only today” and “Summer is here” differ, and lengths differed before.
    assert {lesson.feature: lesson.campaigns for lesson in expected.lessons} == {"length": 3, "urgent": 3}


PICTURE = {"kind": "image", "url": "https://x.example/a.png", "alt": "A picture"}
TEXT = {"kind": "text", "text": "Hello"}
FOOT = {"kind": "footer"}


def body(name, *blocks):
    return create_template(name=name, subject="Hello", preheader="", blocks=[*blocks, TEXT, FOOT], now=NOW)


def variants_of(test):
    return list(test.variants.order_by("id"))


def test_what_bodies_taught_helps_the_next_body_and_says_nothing_of_subjects():
    picture, plain = body("Picture", PICTURE), body("Plain")
    for n in range(4):
        both = [{"content": str(picture.pk)}, {"content": str(plain.pk)}]
        made(f"t{n}", both, [(8000, 500), (8000, 400)])
    learn_copy(now=NOW)
    assert beliefs_now().told == {"body_picture": 4}
    other, bare = body("Other", PICTURE, PICTURE), body("Bare")
    following = made("next", [{"content": str(other.pk)}, {"content": str(bare.pk)}], state="draft")
    expected = expected_of(variants_of(following))
    [lesson] = expected.lessons
    assert (lesson.feature, lesson.campaigns) == ("body_picture", 4)
    assert 0 < lesson.guess.low < lesson.guess.lift < 0.25
    assert expected.arms["v0"].lift > 0 > expected.arms["v1"].lift
    # Nothing is known of what tells these apart: so nothing is said.
    subjects = words("subjects", ["Only today", "Summer is here"], state="draft")
    assert expected_of(variants_of(subjects)) is None
    assert expected_of(variants_of(subjects)[:1]) is None


def test_an_arm_has_the_campaigns_words_where_it_has_none_of_its_own():
    picture = body("Picture", PICTURE)
    test = made("t", [{}, {"content": str(picture.pk)}, {"subject": "Only today"}], state="draft")
    campaign = make_campaign(NOW)
    Campaign.objects.filter(pk=campaign.pk).update(experiment=test)
    own, other, urgent = (features_of(variants_of(test))[v.pk] for v in variants_of(test))
    assert {name for name in own if own[name] != other[name]} == {"body_picture"}
    assert {name for name in own if own[name] != urgent[name]} == {"length", "urgent"}


def test_tests_of_words_and_something_else_or_of_words_that_are_gone_teach_nothing():
    words("gone", ["Ends today", "Spring is here"], [(4000, 400), (4000, 300)], content="999")
    mixed = [
        {"subject": "Ends today", "strategy": "als"},
        {"subject": "Spring is here", "strategy": "hybrid"},
    ]
    made("mixed", mixed, [(4000, 400), (4000, 300)])
    made("pools", [{"strategy": "als"}, {"strategy": "hybrid"}], [(4000, 400), (4000, 300)])
    learn_copy(now=NOW)
    assert beliefs_now().campaigns == 0


def test_every_test_is_read_again_when_more_is_read_off_texts(monkeypatch):
    words("t", ["Ends today", "Spring is here"], [(4000, 400), (4000, 300)])
    learn_copy(now=NOW)
    first = Posterior.objects.get(subject="copy").parameters
    old = {"beliefs": first["beliefs"] | {"features": ["offer", "urgent"]}, "tests": first["tests"]}
    Posterior.objects.filter(subject="copy").update(parameters=old)
    assert beliefs_now().campaigns == 0
    learn_copy(now=NOW)
    assert Posterior.objects.get(subject="copy").parameters == first
    # What is older than the newest so many is forgotten, and does not come back as if it were new.
    monkeypatch.setattr(copy, "KEPT", 2)
    for n in range(3):
        words(f"later{n}", ["Ends today", "Spring is here"], [(4000, 400), (4000, 300)])
        learn_copy(now=NOW)
        learn_copy(now=NOW)
    assert beliefs_now().campaigns == 2


def test_it_costs_the_same_for_many_tests(django_assert_max_num_queries):
    for n in range(12):
        words(f"t{n}", ["Ends today", "Spring is here"], [(4000, 400), (4000, 300)])
    with django_assert_max_num_queries(13):
        learn_copy(now=NOW)
    draft = words("next", ["Only today", "Summer is here"], state="draft")
    variants = variants_of(draft)
    with django_assert_max_num_queries(3):
        assert expected_of(variants) is not None


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
