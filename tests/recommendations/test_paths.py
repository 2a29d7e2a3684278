"""On whatever way a product comes to somebody: what is excluded or sold out never does."""

from collections.abc import Callable

import pytest

from accounts.models import Scope
from campaigns.content.wording import Wants
from campaigns.personal import lists_by_strategy, shared_for, with_fallback
from catalog.models import Category, Product
from core import clock
from customers.models import Customer
from events.models import Event
from recommendations.artifacts import _load, _loaded, fitted
from recommendations.models import DemandForecast, ListRule, ModelVersion, ProductList
from recommendations.services.rules import save_rule
from tests.api.conftest import Partner
from tests.factories.accounts import make_key
from tests.recommendations.planted import CUT, trained_once
from tests.recommendations.test_online import do

pytestmark = pytest.mark.django_db

#: What every path below would show, if it may.
SKU = "habit-1"

trained = trained_once("popularity", "own-frequency")


@pytest.fixture
def shop(trained, db, settings):
    settings.ARTIFACTS = trained
    settings.RECOMMENDATIONS_STATE_SECONDS = 0
    settings.SHOP_AS_OF = CUT.isoformat()
    _load.cache_clear()
    _loaded.clear()
    target = Product.objects.get(sku=SKU)
    habit = Product.objects.get(sku="habit-0")
    # So that each path has it for sure, whatever the planted shop makes of it.
    hits = list(Product.objects.filter(sku__startswith="hit-").values_list("pk", flat=True))[:3]
    for kind, product in (
        ("similar", habit),
        ("together", habit),
        ("trending", None),
        ("popular", None),
        ("bundle", habit),
    ):
        ids = [target.pk, *hits]
        detail = [[target.pk, hits[0], 9], [hits[1], hits[2], 5]] if kind == "bundle" else []
        ProductList.objects.update_or_create(
            kind=kind,
            product=product,
            defaults={
                "product_ids": ids,
                "scores": [4.0, 3.0, 2.0, 1.0],
                "detail": detail,
                "as_of": CUT,
            },
        )
    return Partner(make_key("shop", scopes=[Scope.RECOMMENDATIONS_READ]))


def call(shop: Partner, path: str) -> list[str]:
    answer = shop.call("GET", f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return [item["sku"] for item in answer.json()["items"]]


def of_list(shop: Partner) -> list[str]:
    return call(shop, "customers/c0/recommendations?strategy=own-frequency&limit=20")


def folded(shop: Partner) -> list[str]:
    do("purchase", "hit-3", customer=Customer.objects.get(external_id="c0"))
    fitted(ModelVersion.objects.get(strategy__key="own-frequency"))
    return of_list(shop)


def of_session(shop: Partner) -> list[str]:
    do("view", "habit-0", customer=Customer.objects.get(external_id="c9"))
    return call(shop, "customers/c9/recommendations?strategy=popularity&limit=20")


def of_visitor(shop: Partner) -> list[str]:
    do("view", "habit-0", visitor="v1")
    return call(shop, "visitors/v1/recommendations?limit=20")


def of_newcomer(shop: Partner) -> list[str]:
    Customer.objects.create(external_id="new", created_at=CUT, updated_at=CUT)
    return call(shop, "customers/new/recommendations?strategy=own-frequency&limit=20")


def similar(shop: Partner) -> list[str]:
    return call(shop, "products/habit-0/similar")


def together(shop: Partner) -> list[str]:
    return call(shop, "products/habit-0/bought-together")


def trending(shop: Partner) -> list[str]:
    return call(shop, "trending")


def bundles(shop: Partner) -> list[str]:
    answer = shop.call("GET", "/api/v1/products/habit-0/bundles").json()
    return [sku for bundle in answer["bundles"] for sku in bundle["skus"]]


def decided(shop: Partner) -> list[str]:
    answer = shop.call("POST", "/api/v1/decisions", {"slot": "hero", "customer": "c0", "limit": 20})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert sum(choice["p"] for choice in body["eligible"]) == pytest.approx(1, abs=1e-12)
    return [item["sku"] for item in body["items"]]


def of_mail(shop: Partner) -> list[str]:
    customer = Customer.objects.get(external_id="c0").pk
    lists = lists_by_strategy({customer: "own-frequency"}, objective="replenish", limit=20)
    return [item.sku for item in lists[customer]]


def of_mail_without_a_list(shop: Partner) -> list[str]:
    customer = Customer.objects.get(external_id="c0").pk
    filled = with_fallback({}, [customer], Wants(products=20, missing="popular"), "replenish")
    return [item.sku for item in filled[customer]]


def of_mail_bundle(shop: Partner) -> list[str]:
    made = shared_for(Wants(bundles={"b1": [SKU, "hit-0"], "b2": ["hit-0", "hit-1"]}), [])
    return [product["sku"] for bundle in made.bundles.values() for product in bundle["products"]]


PATHS = (
    of_list,
    folded,
    of_session,
    of_visitor,
    of_newcomer,
    similar,
    together,
    trending,
    bundles,
    decided,
    of_mail,
    of_mail_without_a_list,
    of_mail_bundle,
)


def exclude(**about: object) -> None:
    rule = ListRule(kind="exclude", name="Not this", **about)
    save_rule(rule, user=None, now=CUT)


def sell_out() -> None:
    Product.objects.filter(sku=SKU).update(stock=0)


def exclude_it() -> None:
    exclude(product=Product.objects.get(sku=SKU))
    # Nothing brings back what is excluded.
    for kind, number in (("pin", None), ("boost", 50)):
        rule = ListRule(kind=kind, name=kind, product=Product.objects.get(sku=SKU), number=number)
        save_rule(rule, user=None, now=CUT)


def exclude_its_category() -> None:
    tea = Category.objects.create(name="Tea", path="tea")
    green = Category.objects.create(name="Green", path="tea/green", parent=tea)
    Product.objects.filter(sku=SKU).update(category=green)
    exclude(category=tea)


def exclude_its_brand() -> None:
    Product.objects.filter(sku=SKU).update(brand="Acme")
    exclude(brand="acme")


def exclude_what_is_low() -> None:
    Product.objects.filter(sku=SKU).update(stock=2)
    DemandForecast.objects.create(
        product=Product.objects.get(sku=SKU), as_of=CUT, expected=28, low=10, middle=28, high=40, sold=28
    )
    exclude(supply="low")


def switch_it_off() -> None:
    Product.objects.filter(sku=SKU).update(active=False)


WAYS_OUT = (sell_out, exclude_it, exclude_its_category, exclude_its_brand, exclude_what_is_low, switch_it_off)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_no_path_shows_what_is_excluded_or_sold_out(shop, path: Callable[[Partner], list[str]]):
    before = path(shop)
    assert SKU in before
    for way in WAYS_OUT:
        found = _afterwards(way, path, shop)
        assert SKU not in found, way.__name__
        assert found or path is bundles, way.__name__


def _afterwards(way: Callable[[], None], path: Callable[[Partner], list[str]], shop: Partner) -> list[str]:
    """Return what a path shows after one way out, and put everything back."""
    Event.objects.filter(received_at__gt=clock.now()).delete()
    Customer.objects.filter(external_id="new").delete()
    way()
    try:
        return path(shop)
    finally:
        ListRule.objects.all().delete()
        DemandForecast.objects.all().delete()
        Product.objects.filter(sku=SKU).update(stock=None, active=True, brand="", category=None)
        Category.objects.all().delete()
