"""Pages about recommendations: rules with their effect, trying, model cards, and what people do there."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Job, User
from catalog.models import Product
from recommendations.models import ListRule, ModelVersion, Serving, Strategy
from recommendations.services.training import train_models
from tests.recommendations.planted import CUT, plant

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client, settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    settings.SHOP_AS_OF = CUT.isoformat()
    plant()
    train_models(as_of=CUT, now=CUT, keys=["popularity", "own-frequency"])
    client.force_login(User.objects.create_superuser("alice", "alice@demo.invalid", "correct horse"))
    return client


def page(client, name: str, *args, **query) -> str:
    answer = client.get(reverse(f"admin:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_rule_is_looked_at_stored_switched_and_removed(alice):
    form = {"kind": "pin", "name": "Launch", "sku": "habit-7"}
    effect = alice.post(reverse("admin:recommendation_rule_preview"), form).content.decode()
    assert "6 of 6 sample lists would change." in effect
    assert "Habit-7" in effect
    assert not ListRule.objects.exists()
    alice.post(reverse("admin:recommendation_rule_save"), form)
    rule = ListRule.objects.get()
    assert rule.product == Product.objects.get(sku="habit-7")
    assert "Launch" in page(alice, "recommendation_rules")
    assert "Launch</span>" in page(alice, "recommendation_try", customer="c0")
    alice.post(reverse("admin:recommendation_rule_act", args=[rule.pk, "switch"]))
    assert "Launch</span>" not in page(alice, "recommendation_try", customer="c0")
    alice.post(reverse("admin:recommendation_rule_act", args=[rule.pk, "remove"]))
    assert not ListRule.objects.exists()
    done = AuditEntry.objects.filter(action__startswith="list_rule.").order_by("pk")
    assert [entry.action for entry in done] == ["list_rule.made", "list_rule.changed", "list_rule.removed"]


def test_a_rule_that_says_nothing_comes_back_with_the_reason(alice):
    form = {"kind": "boost", "name": "All", "number": "2"}
    answer = alice.post(reverse("admin:recommendation_rule_save"), form)
    assert answer.status_code == 400
    assert "Say which products" in answer.content.decode()
    preview = alice.post(reverse("admin:recommendation_rule_preview"), form | {"sku": "nothing"})
    assert "There is no product with this sku." in preview.content.decode()
    assert not ListRule.objects.exists()


def test_a_model_has_a_card_and_the_version_before_comes_back_by_a_click(alice):
    version = ModelVersion.objects.get(strategy__key="own-frequency")
    card = page(alice, "recommendation_model", version.pk)
    assert f"{version.metrics['objectives']['replenish']['ndcg10']:.4f}" in card
    assert ">Best-sellers<" in card
    train_models(as_of=CUT, now=CUT, keys=["own-frequency"])
    strategy = Strategy.objects.get(key="own-frequency")
    assert "Version before" in page(alice, "recommendations")
    alice.post(reverse("admin:recommendation_previous", args=[strategy.pk]))
    assert Serving.objects.get(strategy=strategy, until=None).version == version


def test_a_champion_is_made_through_the_gates(alice):
    own, popular = (Strategy.objects.get(key=key) for key in ("own-frequency", "popularity"))
    answer = alice.post(
        reverse("admin:recommendation_crown", args=[own.pk]), {"objective": "replenish"}, follow=True
    )
    assert "Bought again and again serves now." in answer.content.decode()
    answer = alice.post(
        reverse("admin:recommendation_crown", args=[popular.pk]), {"objective": "replenish"}, follow=True
    )
    assert "The last training found it worse than Bought again and again" in answer.content.decode()


def test_one_training_at_a_time_is_started(alice):
    alice.post(reverse("admin:recommendation_work", args=["train"]), {"warm": "1"})
    alice.post(reverse("admin:recommendation_work", args=["recommendation-lists"]))
    job = Job.objects.get()
    assert (job.kind, job.parameters) == ("train", {"warm": True})
    assert "under way" in page(alice, "recommendations")
    search = {"strategy": "own-frequency", "seconds": "900"}
    alice.post(reverse("admin:recommendation_work", args=["search-strategy"]), search)
    assert Job.objects.get(kind="search-strategy").parameters["seconds"] == 900
    assert alice.post(reverse("admin:recommendation_work", args=["nothing"])).status_code == 404


def test_numbers_are_kept_as_written(alice):
    form = {"kind": "bury", "name": "Hits", "category": "", "brand": "x", "number": "0.25"}
    alice.post(reverse("admin:recommendation_rule_save"), form)
    assert ListRule.objects.get().number == Decimal("0.25")
