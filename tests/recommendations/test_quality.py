"""Looking back: weeks in exact figures, what reaches cold products, and how long answers are kept."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from accounts.models import Scope, User
from catalog.models import Product
from core import clock
from core.ids import uuid7
from customers.models import Customer
from delivery.models import Message, Run
from delivery.services.launching import ensure_run_partition
from events.models import Event
from recommendations.models import ColdProduct, Decision, ModelVersion, StrategyWeek
from recommendations.quality.services import forget_decisions, look_back
from recommendations.services.decisions import note
from recommendations.services.training import train_models
from tests.api.conftest import Partner
from tests.factories.accounts import make_key
from tests.recommendations.planted import CUT, plant

pytestmark = pytest.mark.django_db
MONDAY = date(2024, 3, 4)
NOW = CUT + timedelta(days=9, hours=12)
AT = CUT + timedelta(days=1, hours=9)


@pytest.fixture
def shop(settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    settings.SHOP_AS_OF = NOW.isoformat()
    plant()
    train_models(as_of=CUT, now=CUT, keys=["popularity"])
    Event.objects.filter(occurred_at__gte=CUT).delete()


def answer(skus: list[str], customer: str = "c0", **more) -> None:
    version = ModelVersion.objects.get()
    note(
        slot="api",
        action=skus,
        now=more.pop("at", AT),
        policy_version=str(version.pk),
        customer_id=Customer.objects.get(external_id=customer).pk if customer else None,
        context={"sources": {"model": len(skus), **more}},
    )


def did(kind: str, sku: str, customer: str, after: timedelta) -> None:
    Event.objects.create(
        source="web",
        message_id=f"{kind}-{sku}-{customer}-{after}",
        type=kind,
        customer=Customer.objects.get(external_id=customer),
        product=Product.objects.get(sku=sku),
        order_id="o" if kind == "purchase" else None,
        quantity=1,
        occurred_at=AT + after,
        received_at=AT + after,
    )


def test_a_week_counts_what_was_shown_and_what_people_did_after(shop):
    Product.objects.exclude(sku__in=["hit-0", "hit-1", "hit-2", "hit-3"]).update(active=False)
    answer(["hit-0", "hit-1"], "c0", popular=1)
    answer(["hit-0"], "c1")
    answer(["hit-0"], "c2")
    answer(["hit-2"], "")
    did("view", "hit-1", "c0", timedelta(hours=3))
    did("purchase", "hit-0", "c1", timedelta(days=6))
    did("view", "hit-0", "c2", timedelta(hours=30))  # a day and more after: no answer to it
    did("view", "hit-0", "c1", timedelta(minutes=-5))  # before it was shown
    did("view", "hit-3", "c2", timedelta(minutes=5))  # never shown
    look_back(as_of=NOW, now=NOW)
    week = StrategyWeek.objects.get()
    assert (week.week, week.strategy.key) == (MONDAY, "popularity")
    assert (week.answers, week.followed, week.places, week.fallback) == (4, 3, 5, 1)
    assert (week.clicked, week.bought, week.products) == (1, 1, 3)
    # Impressions 0, 1, 1, 3 of the four products: mean difference over twice the mean.
    assert week.gini == pytest.approx(2 * (2 * 1 + 3 * 1 + 4 * 3) / (4 * 5) - 5 / 4)
    first = StrategyWeek.objects.values().get()
    look_back(as_of=NOW, now=NOW)
    assert StrategyWeek.objects.values().get() == first


def test_what_a_slot_showed_counts_and_what_is_no_list_is_left_alone(shop):
    version = ModelVersion.objects.get()
    for action in ({"key": "products", "shown": ["hit-0"]}, {"shown": "offer"}, [["hit-0", "hit-1"]], "odd"):
        note(slot="hero", action=action, now=AT, policy_version=str(version.pk))
    note(slot="hero", action=["hit-0"], now=AT, policy_version="explore:0.1")
    look_back(as_of=NOW, now=NOW)
    week = StrategyWeek.objects.get()
    assert (week.answers, week.places, week.followed) == (4, 1, 0)


def messages(*contexts: dict, state: str = "sent") -> None:
    """Send one message to each of c0, c1, … with what it showed."""
    run = Run(id=uuid7(), source="campaign", reference=state, channel="email", as_of=AT, created_at=AT)
    ensure_run_partition(run)
    run.save(force_insert=True)
    people = [Customer.objects.get(external_id=f"c{n}") for n in range(len(contexts))]
    Message.objects.bulk_create(
        Message(run=run, source="campaign", customer=who, channel="email", state=state, due_at=AT,
                sent_at=AT if state == "sent" else None, context=context)
        for who, context in zip(people, contexts, strict=True)
    )  # fmt: skip


def test_messages_count_as_answers_of_the_strategy_whose_list_they_show(shop):
    answer(["hit-0"], "c0")
    messages(
        {"products": ["hit-0", "hit-1"], "by": "popularity", "filled": 1},
        {"products": ["hit-2"], "strategy": "popularity"},  # an arm of before messages said by whom
        {"products": ["hit-2"], "by": "hybrid", "strategy": "popularity"},
        {"products": [], "by": "popularity"},
        {"products": ["hit-3"]},  # nobody's list
        {"by": "popularity"},
    )
    messages({"products": ["hit-3"], "by": "popularity", "would_be": True}, state="held_out")
    did("view", "hit-1", "c0", timedelta(hours=3))
    did("purchase", "hit-2", "c1", timedelta(days=6))
    did("purchase", "hit-2", "c2", timedelta(days=8))
    look_back(as_of=NOW, now=NOW)
    hybrid, popular = StrategyWeek.objects.order_by("strategy__key")
    assert (popular.strategy.key, hybrid.strategy.key) == ("popularity", "hybrid")
    assert (popular.answers, popular.followed, popular.places, popular.fallback) == (3, 3, 4, 1)
    assert (popular.clicked, popular.bought, popular.products) == (1, 1, 3)
    assert (hybrid.answers, hybrid.places, hybrid.clicked, hybrid.bought) == (1, 1, 0, 0)


def test_cold_products_are_told_with_what_reaches_them(shop):
    for sku in ("new-1", "new-2"):
        Product.objects.create(sku=sku, name=sku, created_at=CUT, updated_at=CUT)
    Product.objects.create(sku="gone", name="gone", stock=0, created_at=CUT, updated_at=CUT)
    answer(["new-1", "hit-0"], "c0")
    did("view", "new-1", "c0", timedelta(minutes=3))
    look_back(as_of=NOW, now=NOW)
    cold = dict(ColdProduct.objects.values_list("product__sku", "buyers"))
    # Each habit has four buyers, each hit eighty; what is sold out is no news.
    assert cold.keys() == {"new-1", "new-2"} | {f"habit-{n}" for n in range(60)}
    assert (cold["new-1"], cold["habit-0"]) == (0, 4)
    shown = ColdProduct.objects.get(product__sku="new-1")
    assert (shown.shown, shown.clicked, shown.lists, shown.beside) == (1, 1, 0, 0)
    listed = ColdProduct.objects.filter(lists__gt=0).first()
    assert sum(listed.parts.values()) == listed.lists
    assert set(listed.parts) == {"popularity"}


def test_answers_are_forgotten_after_their_time_and_their_weeks_stay(shop, settings):
    answer(["hit-0"])
    look_back(as_of=NOW, now=NOW)
    settings.DECISIONS_KEEP_DAYS = 30
    later = AT + timedelta(days=30)
    assert forget_decisions(now=later) == 0
    answer(["hit-1"], at=later)
    assert forget_decisions(now=later + timedelta(seconds=1)) == 1
    assert Decision.objects.get().action == ["hit-1"]
    assert StrategyWeek.objects.count() == 1


def test_an_answer_over_rest_is_found_again_in_its_week(shop):
    partner = Partner(make_key("shop", scopes=[Scope.RECOMMENDATIONS_READ]))
    told = partner.call("GET", "/api/v1/customers/c0/recommendations?limit=4").json()
    now = clock.now()
    look_back(as_of=NOW, now=now + timedelta(seconds=1))
    week = StrategyWeek.objects.get()
    assert (week.answers, week.places, week.products) == (1, len(told["items"]), 4)


def test_the_pages_show_it_and_say_what_is_missing_before(client, settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    settings.SHOP_AS_OF = NOW.isoformat()
    client.force_login(User.objects.create_superuser("alice", "alice@demo.invalid", "correct horse"))

    def page(name: str, **query: str) -> str:
        answered = client.get(reverse(f"admin:{name}"), query)
        assert answered.status_code == 200
        return answered.content.decode()

    assert "Nothing to compare yet" in page("recommendation_quality")
    assert "Nothing measured yet" in page("recommendation_compared")
    assert "No such product known" in page("recommendation_cold")
    assert "Nothing is being trained." in page("recommendation_trainings")
    plant()
    train_models(as_of=CUT, now=CUT, keys=["popularity", "own-frequency"])
    assert "From the second one on" in page("recommendation_quality")
    train_models(as_of=CUT + timedelta(days=7), now=NOW, keys=["popularity", "own-frequency"])
    Product.objects.create(sku="new", name="Lonely", created_at=CUT, updated_at=CUT)
    version = ModelVersion.objects.filter(strategy__key="popularity").latest("created_at")
    note(slot="api", action=["hit-0"], now=NOW, policy_version=str(version.pk))
    look_back(as_of=NOW, now=NOW + timedelta(seconds=1))
    quality = page("recommendation_quality")
    assert "What people buy next: NDCG@10 by training" in quality
    assert "Best-sellers" in quality
    compared = page("recommendation_compared")
    figures = version.metrics["objectives"]["replenish"]
    assert f"{figures['ndcg10']:.4f}" in compared
    assert "What people buy next: quality against coverage" in compared
    assert "NDCG@10 against" in compared
    assert "Lonely" in page("recommendation_cold")
    assert "neither category nor brand" in page("recommendation_cold", which="unreached", page="1")
    assert "serves" in page("recommendation_trainings")
