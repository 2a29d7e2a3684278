"""When models learn between the nights: by volume, by what is new, and by what people buy instead."""

from datetime import timedelta

import pytest
from django.db.models import Max
from django.test import override_settings

from catalog.models import Category, Product
from core import clock
from events.models import Event
from recommendations import tasks
from recommendations.models import ModelVersion, Strategy
from recommendations.services import refreshing
from recommendations.services.refreshing import Growth, growth
from recommendations.services.training import train_models
from tests.recommendations.planted import CUT, plant

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)


@pytest.fixture(scope="module")
def trained(module_db, tmp_path_factory):
    """Train once for all tests here; what each of them changes is taken back."""
    plant()
    tea = Category.objects.create(name="Tea", path="tea")
    bread = Category.objects.create(name="Bread", path="bread")
    for number, product in enumerate(Product.objects.order_by("pk")):
        product.category = (tea, bread)[number % 2]
        product.save(update_fields=["category"])
    Product.objects.update(created_at=CUT - timedelta(days=200))
    folder = tmp_path_factory.mktemp("artifacts")
    with override_settings(ARTIFACTS=folder):
        train_models(as_of=CUT, now=CUT, keys=["popularity", "own-frequency"])
    return folder


@pytest.fixture
def shop(trained, db, settings, monkeypatch):
    settings.ARTIFACTS = trained
    monkeypatch.setattr(refreshing, "FEWEST", 100)


@pytest.mark.parametrize(
    ("facts", "purchases", "unknown", "drift", "advice"),
    [
        (100_000, 499, 499, 9.0, ""),
        (100_000, 1_999, 0, 0.24, ""),
        (100_000, 2_000, 0, 0.0, "warm"),
        (100_000, 15_000, 0, 0.0, "full"),
        (100_000, 600, 60, 0.0, "full"),
        (100_000, 600, 59, 0.25, "full"),
    ],
)
def test_what_follows_from_what_came_in(facts, purchases, unknown, drift, advice):
    assert Growth(CUT, facts, purchases, unknown, drift).advice == advice


def test_growth_counts_from_the_last_training_of_what_is_still_trained(shop):
    found = growth(CUT + WEEK)
    assert (found.since, found.purchases, found.unknown) == (CUT, 240, 0)
    assert found.drift < 0.05
    assert growth(CUT).purchases == 0
    # Trained again, though it waits before its gates: nothing new came in since.
    train_models(as_of=CUT + WEEK, now=CUT + WEEK, keys=["own-frequency"])
    assert growth(CUT + WEEK).since == CUT
    Strategy.objects.filter(key="popularity").update(active=False)
    assert growth(CUT + WEEK).purchases == 0


def test_another_mix_of_what_is_bought_is_a_drift(shop):
    tea = list(Product.objects.filter(category__path="tea").values_list("pk", flat=True))
    Event.objects.filter(occurred_at__gte=CUT).update(product_id=tea[0])
    found = growth(CUT + WEEK)
    # Half and half before, tea alone after: (1 - .5) ln 2 + (.001 - .5) ln (.001 / .5), nearly.
    assert found.drift == pytest.approx(3.4, abs=0.2)
    assert found.advice == "full"


def test_keeping_up_trains_at_once_where_much_came_in_and_not_twice(shop, settings, monkeypatch):
    settings.SHOP_AS_OF = (CUT + WEEK).isoformat()
    Strategy.objects.exclude(key__in=["popularity", "own-frequency"]).update(active=False)
    Event.objects.filter(occurred_at__gte=CUT + 4 * WEEK).delete()
    known = ModelVersion.objects.count()
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    tasks.keep_up()
    newest = ModelVersion.objects.aggregate(last=Max("as_of"))["last"]
    assert newest == CUT + WEEK
    assert ModelVersion.objects.count() == known + 2
    # 240 of 3,000 purchases: enough to learn, too few to search and measure anew.
    assert set(ModelVersion.objects.filter(as_of=newest).values_list("warm", flat=True)) == {True}
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=11))
    tasks.keep_up()
    assert ModelVersion.objects.count() == known + 2
