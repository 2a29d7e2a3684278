"""Every model can be chosen in the admin, trained here, and gives a reason in words."""

import pytest
from django.urls import reverse

from accounts.models import User
from recommendations.families import FAMILIES
from recommendations.models import ModelVersion, RecommendationList, Strategy
from recommendations.reasons import sentence
from recommendations.services.training import train_models
from recommendations.strategies import ensure_strategies
from recommender import names
from tests.recommendations.planted import CUT, plant

COMPOSED = {"auto", "hybrid", "two-stage"}


def test_the_form_offers_every_model_of_the_recommender():
    assert set(FAMILIES) == set(names())


def test_every_model_that_carries_a_place_has_a_sentence_of_its_own():
    plain = sentence({"part": "something else"})
    assert plain == "Picked for you"
    assert {name for name in names() if sentence({"part": name}) == plain} == COMPOSED


@pytest.fixture
def boss(client, db):
    user = User.objects.create_superuser(username="boss", email="boss@example.com", password="secret-3")
    client.force_login(user)
    return client


def form(**changes):
    return {
        "key": "mine",
        "name": "Mine",
        "family": "two-stage",
        "parameters": '{"leaves": 7}',
        "reranking": "{}",
        "active": "on",
        **changes,
    }


def test_a_strategy_is_made_in_the_admin_of_any_model(boss):
    page = boss.get(reverse("admin:recommendations_strategy_add")).content.decode()
    assert all(f'value="{name}"' in page for name in FAMILIES)
    boss.post(reverse("admin:recommendations_strategy_add"), form())
    made = Strategy.objects.get(key="mine")
    assert (made.family, made.parameters) == ("two-stage", {"leaves": 7})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": '{"leafs": 7}'}, "unknown parameter leafs; it takes"),
        ({"family": "magic"}, "unknown model"),
    ],
)
def test_a_model_or_parameter_that_does_not_exist_is_said_in_words(boss, changes, message):
    answer = boss.post(reverse("admin:recommendations_strategy_add"), form(**changes))
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert not Strategy.objects.filter(key="mine").exists()


@pytest.mark.django_db
def test_two_stage_and_auto_are_trained_measured_stored_and_listed(settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    plant()
    ensure_strategies(CUT)
    starters = Strategy.objects.filter(key__in=["two-stage", "auto"])
    assert not any(starter.active for starter in starters)
    starters.update(active=True, precompute=True)
    Strategy.objects.filter(key="two-stage").update(parameters={"rounds": 5, "leave_out": ["ease", "als"]})
    Strategy.objects.filter(key="auto").update(parameters={"models": ["popularity", "own-frequency"]})
    train_models(as_of=CUT, now=CUT, keys=["two-stage", "auto"])
    versions = {version.strategy.key: version for version in ModelVersion.objects.all()}
    assert set(versions) == {"two-stage", "auto"}
    for version in versions.values():
        assert 0 <= version.metrics["objectives"]["replenish"]["ndcg10"] <= 1
        assert RecommendationList.objects.filter(model_version=version).exists()
    assert versions["auto"].parameters["choices"]["replenish"]["name"] in ("popularity", "own-frequency")
    said = {r.partition(":")[0] for row in RecommendationList.objects.all() for r in row.reasons}
    assert said <= {*names(), "fallback"}
