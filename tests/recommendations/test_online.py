"""On-line: what somebody just did counts at once, and nobody waits for a model."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Scope
from catalog.models import Category, Product
from core import clock
from customers.identity.resolve import Reference, resolve_actors
from customers.models import Customer, Identifier
from customers.selectors import external_id_hash
from events.models import Event, EventType
from recommendations import folding
from recommendations.artifacts import _load, _loaded, at_hand, fitted
from recommendations.models import Decision, ListRule, ModelVersion, ProductList
from recommendations.services.lists import ensure_lists
from recommendations.services.rules import remove_rule, save_rule
from tests.api.conftest import Partner
from tests.factories.accounts import make_key
from tests.recommendations.planted import CUT, trained_once

pytestmark = pytest.mark.django_db

trained = trained_once("popularity", "own-frequency", "item-knn")


@pytest.fixture
def shop(trained, db, settings):
    settings.ARTIFACTS = trained
    _load.cache_clear()
    _loaded.clear()
    settings.SHOP_AS_OF = CUT.isoformat()
    return Partner(make_key("shop", scopes=[Scope.RECOMMENDATIONS_READ]))


def do(kind: str, sku: str, *, customer: Customer | None = None, visitor: str = "", minutes: int = 5) -> None:
    """Store what somebody did a moment before the shop's present; it came in just now."""
    actor = None
    if visitor:
        [found] = resolve_actors([Reference(Identifier.Kind.ANONYMOUS, visitor)], CUT, create=True)
        actor = found.identifier_id
    Event.objects.create(
        source="web",
        message_id=f"{kind}-{sku}-{minutes}-{visitor}",
        type=kind,
        customer=customer,
        actor_id=actor,
        product=Product.objects.get(sku=sku),
        order_id="o" if kind == EventType.PURCHASE else None,
        quantity=1,
        occurred_at=CUT - timedelta(minutes=minutes),
        received_at=clock.now() + timedelta(seconds=1),
    )


def items(shop: Partner, path: str = "customers/c0", **query: object) -> list[dict]:
    text = "&".join(f"{key}={value}" for key, value in query.items())
    answer = shop.call("GET", f"/api/v1/{path}/recommendations?{text}")
    assert answer.status_code == 200, answer.content
    return answer.json()["items"]


def test_what_was_just_looked_at_brings_what_goes_with_it(shop):
    customer = Customer.objects.get(external_id="c0")
    before = items(shop, strategy="popularity")
    do("view", "habit-30", customer=customer)
    after = items(shop, strategy="popularity")
    near = Product.objects.in_bulk(
        ProductList.objects.get(kind="similar", product__sku="habit-30").product_ids[:3]
    )
    told = {item["sku"]: item["reason"] for item in after}
    # List and session take turns, so the session's best three are among the first six.
    assert {product.sku for product in near.values()} <= set(list(told)[:6])
    assert [item["sku"] for item in before] != list(told)
    new = [sku for sku in told if sku not in {item["sku"] for item in before}]
    assert {told[sku] for sku in new} == {"Because you looked at Habit-30"}


def test_what_was_just_bought_is_folded_in_once_the_model_is_at_hand(shop):
    customer = Customer.objects.get(external_id="c0")
    assert "hit-3" not in [item["sku"] for item in items(shop, strategy="own-frequency", limit=3)]
    for minutes in range(1, 15):
        do("purchase", "hit-3", customer=customer, minutes=minutes)
    version = ModelVersion.objects.get(strategy__key="own-frequency")
    fitted(version)
    assert at_hand(version) is not None
    found = items(shop, strategy="own-frequency", limit=3)
    assert found[0]["sku"] == "hit-3"
    assert Decision.objects.latest("at").context["sources"]["folded"] >= 1
    # Who discovers is not shown what was bought a minute ago.
    assert "hit-3" not in [i["sku"] for i in items(shop, strategy="item-knn", objective="discover")]


def test_without_a_model_at_hand_the_ready_list_serves_and_nobody_waits(shop, monkeypatch):
    customer = Customer.objects.get(external_id="c0")
    do("purchase", "hit-3", customer=customer)
    monkeypatch.setattr(folding, "at_hand", lambda version: None)
    assert len(items(shop, strategy="own-frequency", limit=5)) == 5
    assert "folded" not in Decision.objects.latest("at").context["sources"]


def test_who_is_folded_in_is_folded_in_once_until_they_buy_again(shop, monkeypatch):
    customer = Customer.objects.get(external_id="c0")
    do("purchase", "hit-3", customer=customer)
    model = fitted(ModelVersion.objects.get(strategy__key="own-frequency"))
    asked = []
    ask = type(model).recommend_history
    monkeypatch.setattr(
        type(model), "recommend_history", lambda *args, **more: asked.append(1) or ask(*args, **more)
    )
    first, again = (items(shop, strategy="own-frequency") for _ in range(2))
    assert first == again
    assert len(asked) == 1
    Product.objects.filter(sku=first[0]["sku"]).update(stock=0)
    assert [item["sku"] for item in items(shop, strategy="own-frequency", limit=5)] == [
        item["sku"] for item in first[1:6]
    ]
    do("purchase", "hit-4", customer=customer, minutes=1)
    assert "hit-4" in {item["sku"] for item in items(shop, strategy="own-frequency")}
    # The shorter list was asked for anew, and the last one after the purchase.
    assert len(asked) == 3


def test_who_was_merged_is_answered_under_the_old_id(shop):
    left, right = Customer.objects.get(external_id="c0"), Customer.objects.get(external_id="c1")
    fitted(ModelVersion.objects.get(strategy__key="own-frequency"))  # the first call does not wait for it
    expected = items(shop, strategy="own-frequency")
    # As a merge leaves it: the id of a record that is no more leads to the one that stayed.
    resolve_actors([Reference(Identifier.Kind.EXTERNAL_ID, "gone")], CUT, create=True)
    Identifier.objects.filter(value_hash=external_id_hash("gone")).update(customer=left)
    Customer.objects.filter(external_id="gone").delete()
    assert items(shop, "customers/gone", strategy="own-frequency") == expected
    assert items(shop, f"customers/{right.external_id}", strategy="own-frequency") != expected
    assert shop.call("GET", "/api/v1/customers/nobody/recommendations").status_code == 404


def test_what_sold_out_at_the_top_is_made_up_for_from_further_down(shop):
    customer = Customer.objects.get(external_id="c0")
    version = ModelVersion.objects.get(strategy__key="popularity")
    ensure_lists(version, "replenish", [customer.pk])
    ready = version.lists.get(customer=customer, objective="replenish").product_ids
    Product.objects.filter(pk__in=ready[:8]).update(stock=0)
    skus = Product.objects.in_bulk(ready)
    shown = [item["sku"] for item in items(shop, strategy="popularity", limit=10)]
    assert shown == [skus[pk].sku for pk in ready[8:18]]


def test_a_visitor_is_served_by_the_session_and_nobody_elses(shop):
    assert {item["fallback"] for item in items(shop, "visitors/v1")} == {True}
    do("view", "habit-30", visitor="v1")
    mine, others = items(shop, "visitors/v1"), items(shop, "visitors/v2")
    assert mine[0]["reason"] == "Because you looked at Habit-30"
    assert {item["fallback"] for item in others} == {True}
    # As soon as the visitor is somebody, the session is that customer's and is told no more.
    Event.objects.filter(type="view").update(customer=Customer.objects.get(external_id="c1"))
    assert {item["fallback"] for item in items(shop, "visitors/v1")} == {True}


def test_filters_leave_out_what_they_say(shop):
    tea = Category.objects.create(name="Tea", path="tea")
    Product.objects.filter(sku__in=["habit-0", "habit-1", "hit-0"]).update(category=tea, price=5)
    Product.objects.filter(sku="habit-1").update(stock=0)
    found = {i["sku"] for i in items(shop, strategy="own-frequency", category="tea")}
    assert found == {"habit-0", "hit-0"}
    assert {i["sku"] for i in items(shop, strategy="own-frequency", category="tea", hide="hit-0")} == {
        "habit-0"
    }
    assert "habit-0" not in {i["sku"] for i in items(shop, max_price=Decimal("4.99"), limit=20)}
    customer = Customer.objects.get(external_id="c0")
    bought = set(customer.events.filter(type="purchase").values_list("product__sku", flat=True))
    assert not bought & {i["sku"] for i in items(shop, hide_bought=True, limit=20)}
    wrong = shop.call("GET", "/api/v1/customers/c0/recommendations?category=none")
    assert wrong.status_code == 400
    assert wrong.json()["errors"]["category"] == ["There is no category with this path."]


def test_a_rule_holds_from_the_next_answer_on_and_is_told_when_asked(shop):
    product = Product.objects.get(sku="habit-40")
    rule = save_rule(ListRule(kind="pin", name="Launch", product=product), user=None, now=CUT)
    found = items(shop, explain="true", strategy="own-frequency")
    assert (found[0]["sku"], found[0]["rules"], found[0]["reason"]) == (
        "habit-40",
        ["Launch"],
        "Our recommendation",
    )
    Product.objects.filter(pk=product.pk).update(stock=0)
    assert items(shop)[0]["sku"] != "habit-40"
    remove_rule(rule, user=None, now=CUT)
    Product.objects.filter(pk=product.pk).update(stock=None)
    assert items(shop)[0]["sku"] != "habit-40"


def test_every_answer_is_an_impression_with_its_propensity(shop):
    answer = shop.call("GET", "/api/v1/customers/c0/recommendations?limit=3").json()
    decision = Decision.objects.get(pk=answer["decision_id"])
    assert decision.action == [item["sku"] for item in answer["items"]]
    assert decision.policy_version == answer["policy_version"]
    assert sum(choice["p"] for choice in decision.eligible) == decision.propensity == 1
    for path in (
        "products/habit-30/similar",
        "products/hit-0/bought-together",
        "products/hit-0/bundles",
        "trending",
    ):
        told = shop.call("GET", f"/api/v1/{path}").json()
        assert Decision.objects.get(pk=told["decision_id"]).customer is None


def test_similar_and_bought_together_say_why_and_unknown_products_are_404(shop):
    similar = shop.call("GET", "/api/v1/products/habit-30/similar?limit=3").json()["items"]
    assert [item["rank"] for item in similar] == [1, 2, 3]
    assert similar[0]["reason"] == "Similar to Habit-30"
    assert "habit-30" not in {item["sku"] for item in similar}
    together = shop.call("GET", "/api/v1/products/habit-0/bought-together").json()["items"]
    assert together[0]["reason"] == "Often bought with Habit-0"
    bundles = shop.call("GET", "/api/v1/products/habit-0/bundles").json()["bundles"]
    assert bundles[0]["skus"][0] == "habit-0"
    assert len(bundles[0]["skus"]) == 3
    assert bundles[0]["total"] == {"amount": "3.00", "currency": "USD"}
    assert shop.call("GET", "/api/v1/products/none/similar").status_code == 404


def test_an_answer_costs_a_constant_number_of_queries(shop, django_assert_max_num_queries):
    customer = Customer.objects.get(external_id="c0")
    for number in range(8):
        do("view", f"habit-{30 + number}", customer=customer, minutes=number + 1)
    with django_assert_max_num_queries(12):
        items(shop, strategy="own-frequency")


def test_what_goes_with_a_purchase_names_the_purchase_that_carried_it(shop):
    customer = Customer.objects.get(external_id="c0")
    version = ModelVersion.objects.get(strategy__key="item-knn")
    model = fitted(version)
    ensure_lists(version, "discover", [customer.pk])
    shown = items(shop, strategy="item-knn", objective="discover", limit=5)
    bought = {
        p.name: p
        for p in Product.objects.filter(events__customer=customer, events__type="purchase").distinct()
    }
    for item in shown:
        if item["fallback"]:
            continue
        name = item["reason"].removeprefix("Because you bought ")
        assert name in bought
        parts = model.explain(
            str(customer.pk), str(Product.objects.get(sku=item["sku"]).pk), 3, "discover"
        ).because
        # The largest part of the model's own attribution.
        assert parts[0].value == pytest.approx(
            next(part.value for part in parts if part.id == str(bought[name].pk))
        )
    assert any(not item["fallback"] for item in shown)


def test_what_is_folded_in_names_the_purchase_that_carried_it(shop):
    customer = Customer.objects.get(external_id="c0")
    do("purchase", "habit-30", customer=customer)
    fitted(ModelVersion.objects.get(strategy__key="item-knn"))
    found = items(shop, strategy="item-knn", objective="replenish", limit=20)
    sources = Decision.objects.latest("at").context["sources"]
    assert sources["folded"] > 0
    told = {item["reason"] for item in found}
    assert "Because you bought Habit-30" in told
    bought = set(customer.events.filter(type="purchase").values_list("product__name", flat=True))
    named = {reason.removeprefix("Because you bought ") for reason in told if "bought" in reason}
    assert named and named <= bought
