"""What serves is read anew when it changed, and only then."""

import time

import pytest

from catalog.models import Category
from core import clock
from recommendations import state as module
from recommendations.models import Champion, ListRule, Serving, Strategy
from recommendations.models.strategies import ModelVersion
from recommendations.state import state
from recommendations.strategies import ensure_strategies

pytestmark = pytest.mark.django_db
SECONDS = 0.001


@pytest.fixture
def version(settings, monkeypatch):
    settings.RECOMMENDATIONS_STATE_SECONDS = SECONDS
    monkeypatch.setattr(module, "_kept", None)
    ensure_strategies(clock.now())
    strategy = Strategy.objects.get(key="popularity")
    return ModelVersion.objects.create(
        strategy=strategy, as_of=clock.now(), code_version="1", created_at=clock.now()
    )


def now_known() -> module.State:
    time.sleep(2 * SECONDS)
    return state()


def test_without_a_change_it_costs_one_query(version, django_assert_num_queries):
    first = now_known()
    with django_assert_num_queries(1):
        assert now_known() is first


def test_each_change_is_seen(version):
    assert now_known().versions == {"popularity": version}
    assert now_known().champion("email", "replenish") == "popularity"
    Champion.objects.filter(use="email:replenish").update(strategy=Strategy.objects.get(key="als"))
    assert now_known().champion("email", "replenish") == "als"
    newer = ModelVersion.objects.create(
        strategy=version.strategy, as_of=clock.now(), code_version="2", created_at=clock.now()
    )
    assert now_known().versions == {"popularity": newer}
    turn = Serving.objects.create(
        strategy=version.strategy, version=version, since=clock.now(), why=Serving.Why.PERSON
    )
    assert now_known().versions == {"popularity": version}
    ModelVersion.objects.filter(pk=version.pk).update(artifact="elsewhere")
    assert now_known().versions["popularity"].artifact == "elsewhere"
    turn.delete()
    assert now_known().versions == {"popularity": newer}
    tea = Category.objects.create(name="Tea", path="tea")
    rule = ListRule.objects.create(
        name="No tea",
        kind=ListRule.Kind.EXCLUDE,
        category=tea,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    assert now_known().rules == (rule,)
    Category.objects.filter(pk=tea.pk).update(path="drinks/tea")
    assert now_known().rules[0].category.path == "drinks/tea"
    ListRule.objects.filter(pk=rule.pk).update(active=False)
    assert now_known().rules == ()
